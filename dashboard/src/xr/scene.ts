// Scene of the city: at the scale of a table or on foot, with mouse and keyboard or in a headset (WebXR).
import {
  Color, CylinderGeometry, Float32BufferAttribute, Group, InstancedMesh, LatheGeometry, type BufferGeometry, Line3, Matrix4, Mesh, MeshBasicMaterial, MeshLambertMaterial, PerspectiveCamera,
  Quaternion, Raycaster, Scene, Vector2, Vector3, WebGLRenderer, type XRTargetRaySpace,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { LATE, LIVE } from "../lib/age";
import { type Scale, colourAt, shareOf } from "../lib/colour";
import { buildingsOf, landOf, metres, nearestPiece, type Origin, reachOf, sharpness, streetsOf, treesOf } from "./geometry";
import { Label, linesOf, Panel, windowPicture } from "./labels";
import { Sky, sunAt } from "./sky";

export type Mode = "table" | "foot";

const TABLE_SCALE = 1 / 3_000; // five kilometres become 1.8 m
const TABLE = new Vector3(0, 0.78, -1.1);
const EYES = 1.65; // [m]
const NEAR = 450; // [m] names of districts that one reads on foot
const BEFORE = 16; // [m] from where one stands at first to what one came for
const PACE = 25; // [m/s] on foot: the city is wide
const MARGIN = 1.03; // by which the model goes further from its middle than the city
const PLINTH = 110; // [m] that it is thick
const COLOURS = { ground: "#e6e2d8", rim: "#8b7a63", sea: "#6fb0d2", beach: "#f3dfa8", park: "#9cc586", tree: "#4f8a57", street: "#83898e", pavement: "#c9c3b4", low: "#fffaf0", high: "#c3d3df" };
const VIEW = new Vector3(0.68, 0.96, 1.18); // from the middle of the table to the eyes: from inland, as the sea is behind the city
const ASIDE = new Vector3(-0.13, -0.03, 0.08); // what lies over the left of a wide screen hides nothing then
const TREE = [[0.12, 0], [0.12, 0.8], [0.8, 1.1], [0.95, 1.6], [0.6, 2.2], [0, 2.5]] as const; // its outline, turned about the trunk
const GREY = new Color("#8a8a8a");
const PILLAR = {
  table: { radius: 14, base: 12, rise: 190, label: 620, highest: 400, name: 700, nameAt: 130 },
  foot: { radius: 0.4, base: 2.5, rise: 9, label: 5, highest: 4, name: 70, nameAt: 45 },
}; // [m] of the city

export interface Ground {
  land: GeoJSON.Feature[];
  streets: GeoJSON.Feature[];
  buildings: GeoJSON.Feature[];
  names: { text: string; longitude: number; latitude: number }[];
}

export interface Handlers {
  /** A sensor was picked, by its index; -1 for none. */
  onpick: (index: number) => void;
  onmode: (mode: Mode) => void;
  onsession: (immersive: boolean) => void;
  /** The thumbstick of a headset asks for another moment: so many steps on or back. */
  onstep: (steps: number) => void;
}

export class CityScene {
  readonly renderer: WebGLRenderer;
  readonly panel = new Panel(0.9, 0.36);
  /** How many values the last frame has drawn. */
  shown = 0;
  #mode: Mode = "table";
  readonly #scene = new Scene();
  readonly #sky = new Sky();
  readonly #walls = new MeshLambertMaterial({ vertexColors: true, map: windowPicture(false), emissive: "#ffffff", emissiveMap: windowPicture(true) });
  readonly #camera = new PerspectiveCamera(60, 1, 0.02, 9_000);
  readonly #city = new Group();
  readonly #flat = new Group(); // land and streets, one above the other
  readonly #names = new Group();
  readonly #label = new Label(640, 200);
  readonly #controls: OrbitControls;
  readonly #rays: { controller: XRTargetRaySpace; turned: boolean }[] = [];
  readonly #pressed = new Set<string>();
  #streets: GeoJSON.Feature[] = [];
  #heading = 0;
  readonly #spot = new Vector3(); // where one stands [m of the city]
  readonly #abort = new AbortController();
  #pillars: InstancedMesh | null = null;
  #places: [number, number][] = [];
  #shares = new Float32Array();
  #states: Uint8Array = new Uint8Array();
  #grey = false;
  #picked = -1;
  #dirty = true;
  #last = 0;

  constructor(readonly host: HTMLElement, readonly origin: Origin, readonly handlers: Handlers) {
    this.renderer = new WebGLRenderer({ antialias: true });
    this.renderer.xr.enabled = true;
    host.append(this.renderer.domElement);
    this.#scene.add(this.#sky, this.#city, this.panel);
    this.panel.position.set(0, 1.55, -2.1);
    this.#city.add(this.#names, this.#label);
    this.#label.visible = false;
    this.#controls = new OrbitControls(this.#camera, this.renderer.domElement);
    this.#controls.maxPolarAngle = 1.5;
    this.#controls.minDistance = 0.15;
    this.#controls.maxDistance = 4;
    this.#controls.addEventListener("change", () => (this.#dirty = true));
    this.#listen();
    new ResizeObserver(() => this.#resize()).observe(host);
    this.#resize();
    this.mode = "table";
    this.renderer.setAnimationLoop((time) => this.#tick(time));
  }

  /** Build what stands still. */
  build(ground: Ground): void {
    this.#streets = ground.streets;
    const material = new MeshLambertMaterial({ vertexColors: true });
    const add = (geometry: BufferGeometry) => this.#flat.add(new Mesh(geometry, material));
    const colour = (name: keyof typeof COLOURS) => new Color(COLOURS[name]);
    const edge = MARGIN * reachOf(this.origin, ground.streets);
    const [rim, top] = [COLOURS.rim, COLOURS.ground].map((color) => new MeshLambertMaterial({ color }));
    const base = new Mesh(new CylinderGeometry(edge, edge, PLINTH, 96), [rim!, top!, rim!]);
    base.position.y = -PLINTH / 2 - 6; // its top well below the sea, or the two flicker
    this.#flat.add(base);
    add(landOf(this.origin, ground.land, { sea: colour("sea"), beach: colour("beach"), park: colour("park") }, edge));
    add(streetsOf(this.origin, ground.streets, colour("street"), colour("pavement")));
    this.#city.add(this.#flat, new Mesh(buildingsOf(this.origin, ground.buildings, colour("low"), colour("high")), this.#walls), this.#trees(treesOf(this.origin, ground.land, edge)));
    for (const { text, longitude, latitude } of ground.names) {
      const lines = linesOf(text);
      const label = new Label(256, 48 * lines.length);
      const [x, z] = metres(this.origin, longitude, latitude);
      label.position.set(x, 0, z);
      label.write(lines);
      this.#names.add(label);
    }
    this.mode = this.#mode;
  }

  #trees(spots: [number, number][]): InstancedMesh {
    const trees = new InstancedMesh(new LatheGeometry(TREE.map(([x, y]) => new Vector2(x, y)), 6), new MeshLambertMaterial({ color: COLOURS.tree, flatShading: true }), spots.length);
    spots.forEach(([x, z], index) => {
      const size = 3.5 + 1.5 * Math.sin(index);
      trees.setMatrixAt(index, new Matrix4().makeScale(size, size, size).setPosition(x, 0, z));
    });
    trees.computeBoundingSphere();
    return trees;
  }

  /** Let it be lit as it is at a time [ms since 1970]. */
  light(time: number): void {
    this.#walls.emissiveIntensity = 0.9 * (1 - this.#sky.shine(sunAt(time, this.origin)));
    this.#dirty = true;
  }

  /** Set where the sensors stand. */
  place(sensors: readonly Origin[]): void {
    this.#pillars?.removeFromParent();
    this.#pillars?.dispose();
    this.#places = sensors.map(({ longitude, latitude }) => metres(this.origin, longitude, latitude));
    this.#shares = new Float32Array(sensors.length);
    this.#states = new Uint8Array(sensors.length).fill(3);
    this.#pillars = new InstancedMesh(pillar(), new MeshBasicMaterial({ vertexColors: true, fog: false }), sensors.length); // lit by nothing: colours are those of the scale
    this.#pillars.frustumCulled = false;
    this.#city.add(this.#pillars);
    this.#draw();
  }

  /** Show values: a pillar's height and colour is its share of the scale; what is late is thin, what is silent flat and grey. */
  update(values: Float32Array, states: Uint8Array, scale: Scale, grey: boolean): void {
    if (values.length !== this.#shares.length) return;
    this.#shares = values.map((value) => (Number.isFinite(value) ? shareOf(value, scale) : Number.NaN));
    this.#states = states;
    this.#grey = grey;
    this.#draw();
  }

  #draw(): void {
    const pillars = this.#pillars;
    if (!pillars) return;
    const { radius, base, rise } = PILLAR[this.#mode];
    const [matrix, colour, upright] = [new Matrix4(), new Color(), new Quaternion()];
    this.shown = 0;
    this.#places.forEach(([x, z], index) => {
      const share = this.#shares[index]!;
      const state = this.#states[index]!;
      const heard = Number.isFinite(share) && (state === LIVE || state === LATE);
      const wide = state === LATE ? radius / 2 : radius;
      matrix.compose(new Vector3(x, 0, z), upright, new Vector3(wide, heard ? base + rise * share : base / 2, wide));
      pillars.setMatrixAt(index, matrix);
      const [red, green, blue] = colourAt(heard ? share : 0);
      pillars.setColorAt(index, heard && !this.#grey ? colour.setRGB(red / 255, green / 255, blue / 255, "srgb") : colour.copy(GREY));
      if (heard) this.shown += 1;
    });
    pillars.instanceMatrix.needsUpdate = true;
    if (pillars.instanceColor) pillars.instanceColor.needsUpdate = true;
    pillars.computeBoundingSphere();
    this.#mark();
    this.#dirty = true;
  }

  /** Mark a sensor, with a text above it; -1 marks none. */
  mark(index: number, lines: string[]): void {
    this.#picked = index;
    this.#label.visible = index >= 0;
    if (index >= 0) this.#label.write(lines, "#ffffffee");
    this.#mark();
    this.#dirty = true;
  }

  #mark(): void {
    const place = this.#places[this.#picked];
    if (!place) return;
    const { base, rise, label, highest } = PILLAR[this.#mode];
    this.#label.size(label);
    const top = base + rise * (this.#shares[this.#picked] || 0);
    this.#label.position.set(place[0], Math.min(top + label / 4, highest), place[1]);
  }

  get mode(): Mode {
    return this.#mode;
  }

  set mode(mode: Mode) {
    this.#mode = mode;
    const table = mode === "table";
    this.#controls.enabled = table;
    this.#scene.fog = table ? null : this.#sky.fog;
    if (table) {
      const { aspect } = this.#camera;
      this.#controls.target.copy(TABLE);
      if (aspect > 1) this.#controls.target.add(ASIDE);
      this.#camera.position.copy(this.#controls.target).addScaledVector(VIEW, Math.max(1, 1.2 / aspect));
      this.#controls.update();
    } else {
      this.#camera.position.set(0, EYES, 0);
      this.#camera.rotation.set(0, this.#heading, 0, "YXZ");
    }
    this.#flat.scale.y = table ? 1 : 0.04;
    const { name, nameAt } = PILLAR[mode];
    for (const child of this.#names.children as Label[]) {
      child.size(name);
      child.position.y = nameAt;
    }
    this.#move();
    this.#draw();
    this.#dirty = true;
  }

  /** Stand in the street that is nearest to a place of the city, and look along it, past the place. */
  stand(at: Origin): void {
    const [x, z] = metres(this.origin, at.longitude, at.latitude);
    const street = nearestPiece(this.origin, this.#streets, x, z);
    this.#spot.set(x, 0, z);
    this.#heading = 0;
    if (street) {
      const [from, to] = [street.from, street.to].map((end) => new Vector3(end[0], 0, end[1])) as [Vector3, Vector3];
      const foot = new Line3(from, to).closestPointToPoint(this.#spot, true, new Vector3());
      const ahead = (foot.distanceTo(from) < foot.distanceTo(to) ? to : from).clone().sub(foot).normalize(); // where there is more of it
      this.#spot.copy(foot).addScaledVector(ahead, -BEFORE);
      this.#heading = Math.atan2(-ahead.x, -ahead.z);
    }
    if (this.#mode === "foot") this.#camera.rotation.set(0, this.#heading, 0, "YXZ");
    this.#move();
  }

  #move(): void {
    const scale = this.#mode === "table" ? TABLE_SCALE : 1;
    this.#city.scale.setScalar(scale);
    if (this.#mode === "table") this.#city.position.copy(TABLE);
    else this.#city.position.copy(this.#spot).negate();
    for (const name of this.#names.children) name.visible = this.#mode === "table" || name.position.distanceTo(this.#spot) < NEAR;
    this.#dirty = true;
  }

  /** Begin or end an immersive session. */
  async immerse(): Promise<void> {
    const running = this.renderer.xr.getSession();
    if (running) return running.end();
    const session = await navigator.xr!.requestSession("immersive-vr", { optionalFeatures: ["local-floor"] });
    session.addEventListener("end", () => this.handlers.onsession(false));
    await this.renderer.xr.setSession(session);
    this.handlers.onsession(true);
  }

  dispose(): void {
    this.#abort.abort();
    this.renderer.setAnimationLoop(null);
    void this.renderer.xr.getSession()?.end();
    this.#controls.dispose();
    this.renderer.dispose();
    this.renderer.domElement.remove();
  }

  #listen(): void {
    const { signal } = this.#abort;
    const canvas = this.renderer.domElement;
    let from: { x: number; y: number; far: number } | null = null;
    canvas.addEventListener("pointerdown", ({ clientX: x, clientY: y }) => (from = { x, y, far: 0 }), { signal });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      from = { x: event.clientX, y: event.clientY, far: from.far + Math.abs(dx) + Math.abs(dy) };
      if (this.#mode === "table") return;
      this.#camera.rotation.y += dx * 0.004;
      this.#camera.rotation.x = Math.min(Math.max(this.#camera.rotation.x + dy * 0.004, -1.3), 1.3);
      this.#dirty = true;
    }, { signal });
    addEventListener("pointerup", (event) => {
      if (from && from.far < 6 && event.target === canvas) this.#pickAt(event);
      from = null;
    }, { signal });
    const walks = (event: KeyboardEvent) => this.#mode === "foot" && /^(Arrow(Up|Down|Left|Right)|Key[WASDZQ])$/.test(event.code) && !(event.target as Element).closest("input, select, textarea");
    addEventListener("keydown", (event) => {
      if (!walks(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      this.#pressed.add(event.code);
      this.#dirty = true;
      event.preventDefault();
    }, { signal });
    addEventListener("keyup", (event) => this.#pressed.delete(event.code), { signal });
    for (const index of [0, 1]) {
      const controller = this.renderer.xr.getController(index);
      controller.addEventListener("selectstart", () => {
        const rays = new Raycaster();
        rays.setFromXRController(controller);
        this.#pick(rays);
      });
      controller.addEventListener("squeezestart", () => this.handlers.onmode(this.#mode === "table" ? "foot" : "table"));
      this.#scene.add(controller);
      this.#rays.push({ controller, turned: false });
    }
  }

  #pickAt(event: PointerEvent): void {
    const box = this.renderer.domElement.getBoundingClientRect();
    const rays = new Raycaster();
    rays.setFromCamera(new Vector2((2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height), this.#camera);
    this.#pick(rays);
  }

  #pick(rays: Raycaster): void {
    this.#city.updateMatrixWorld(true);
    const hit = this.#pillars ? rays.intersectObject(this.#pillars)[0] : undefined;
    this.handlers.onpick(hit?.instanceId ?? -1);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height || this.renderer.xr.isPresenting) return;
    this.renderer.setPixelRatio(sharpness(width, height, devicePixelRatio));
    this.renderer.setSize(width, height);
    this.#camera.aspect = width / height;
    this.#camera.updateProjectionMatrix();
    this.#dirty = true;
  }

  #tick(time: number): void {
    const seconds = Math.min((time - this.#last) / 1_000, 0.1);
    this.#last = time;
    const immersive = this.renderer.xr.isPresenting;
    this.panel.visible = immersive;
    if (immersive) this.#sticks(seconds);
    else if (this.#pressed.size) this.#walk(this.#keys("ArrowUp", "KeyW", "KeyZ") - this.#keys("ArrowDown", "KeyS"), this.#keys("ArrowRight", "KeyD") - this.#keys("ArrowLeft", "KeyA", "KeyQ"), seconds);
    if (!this.#dirty && !immersive) return; // nothing has changed: the processor rests
    this.#dirty = false;
    this.renderer.render(this.#scene, this.#camera);
    this.host.dataset.shown = String(this.shown); // for whoever waits for the picture
    this.host.dataset.immersive = String(immersive);
  }

  #keys(...codes: string[]): number {
    return codes.some((code) => this.#pressed.has(code)) ? 1 : 0;
  }

  #walk(ahead: number, aside: number, seconds: number): void {
    const camera = this.renderer.xr.isPresenting ? this.renderer.xr.getCamera() : this.#camera;
    const look = camera.getWorldDirection(new Vector3()).setY(0).normalize();
    this.#spot.addScaledVector(look, ahead * PACE * seconds).addScaledVector(new Vector3(-look.z, 0, look.x), aside * PACE * seconds);
    this.#move();
  }

  /** Thumbsticks: on foot they walk; at the table they go through time, a step each time they are turned. */
  #sticks(seconds: number): void {
    this.renderer.xr.getSession()?.inputSources.forEach((source, index) => {
      const [x, y] = (source.gamepad?.axes ?? []).slice(-2);
      const ray = this.#rays[index];
      if (x === undefined || y === undefined || !ray) return;
      if (this.#mode === "foot") {
        if (Math.hypot(x, y) > 0.15) this.#walk(-y, x, seconds);
      } else if (Math.abs(x) > 0.7 && !ray.turned) {
        ray.turned = true;
        this.handlers.onstep(Math.sign(x));
      } else if (Math.abs(x) < 0.3) ray.turned = false;
    });
  }
}

/** A column of height 1 that is darker towards one side, so that it looks round without a light. */
function pillar(): CylinderGeometry {
  const shape = new CylinderGeometry(1, 1, 1, 12).translate(0, 0.5, 0);
  const normals = shape.getAttribute("normal");
  const shades = Array.from({ length: normals.count }, (_, index) => 0.86 + 0.14 * (normals.getY(index) + 0.7 * normals.getX(index)));
  shape.setAttribute("color", new Float32BufferAttribute(shades.flatMap((shade) => [shade, shade, shade]), 3));
  return shape;
}
