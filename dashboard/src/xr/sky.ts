// Light of the city: where the sun stands, and what the sky and the lamps in windows look like then.
import { BackSide, BufferAttribute, Color, DirectionalLight, Fog, Group, HemisphereLight, Mesh, MeshBasicMaterial, SphereGeometry, Vector3 } from "three";
import type { Origin } from "./geometry";

const RADIAN = Math.PI / 180;
const J2000 = Date.UTC(2000, 0, 1, 12);
const DAY = 86_400_000; // [ms]

/**
 * Return the direction of the sun (x east, y up, z south; of length 1) at a time [ms since 1970]: the Astronomical Almanac's
 * low-precision formulas, good to 0.01 degrees until 2050.
 */
export function sunAt(time: number, { longitude, latitude }: Origin): Vector3 {
  const days = (time - J2000) / DAY;
  const anomaly = (357.528 + 0.9856003 * days) * RADIAN;
  const ecliptic = (280.46 + 0.9856474 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RADIAN;
  const tilt = (23.439 - 4e-7 * days) * RADIAN;
  const declination = Math.asin(Math.sin(tilt) * Math.sin(ecliptic));
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(ecliptic), Math.cos(ecliptic));
  const hour = (280.46062 + 360.98564737 * days + longitude) * RADIAN - ascension; // sidereal time of the place, less where the sun is
  const height = latitude * RADIAN;
  const up = Math.sin(height) * Math.sin(declination) + Math.cos(height) * Math.cos(declination) * Math.cos(hour);
  const north = Math.cos(height) * Math.sin(declination) - Math.sin(height) * Math.cos(declination) * Math.cos(hour);
  return new Vector3(-Math.cos(declination) * Math.sin(hour), up, -north);
}

const [DUSK, BRIGHT] = [-6, 8]; // elevation of the sun [deg]: the end of civil twilight, and full day. The second is a default

/** Return how much of the light of a day is there, 0 to 1. */
export function daylight(sun: Vector3): number {
  const share = Math.min(Math.max((Math.asin(sun.y) / RADIAN - DUSK) / (BRIGHT - DUSK), 0), 1);
  return share * share * (3 - 2 * share);
}

const COLOURS = {
  zenith: ["#0a1526", "#5b9bd0"],
  horizon: ["#22364c", "#e3eef2"],
  above: ["#9db2d6", "#ffffff"], // light from the sky, and from the ground
  below: ["#3a4152", "#c9bfa9"],
} as const; // by night, by day
const RADIUS = 8_000; // [m]
const MOON = new Vector3(-0.5, 0.8, 0.4);

export class Sky extends Group {
  readonly fog = new Fog("#ffffff", 300, 3_200);
  readonly #dome: Mesh<SphereGeometry, MeshBasicMaterial>;
  readonly #light = new HemisphereLight();
  readonly #sun = new DirectionalLight("#fff0cf");

  constructor() {
    super();
    const shape = new SphereGeometry(RADIUS, 24, 24);
    shape.setAttribute("color", new BufferAttribute(new Float32Array(3 * shape.getAttribute("position").count), 3));
    this.#dome = new Mesh(shape, new MeshBasicMaterial({ vertexColors: true, side: BackSide, fog: false, depthWrite: false }));
    this.#dome.renderOrder = -1;
    this.add(this.#dome, this.#light, this.#sun);
  }

  /** Set how it is lit by the sun in a direction; return the share of daylight. */
  shine(sun: Vector3): number {
    const day = daylight(sun);
    const between = ([night, bright]: readonly [string, string]) => new Color(night).lerp(new Color(bright), day);
    const [zenith, horizon] = [between(COLOURS.zenith), between(COLOURS.horizon)];
    this.fog.color.copy(horizon);
    const { position, color } = this.#dome.geometry.attributes as Record<string, BufferAttribute>;
    const mixed = new Color();
    for (let index = 0; index < position!.count; index++) {
      mixed.copy(horizon).lerp(zenith, Math.min(Math.max(position!.getY(index) / RADIUS, 0) * 1.6, 1));
      color!.setXYZ(index, mixed.r, mixed.g, mixed.b);
    }
    color!.needsUpdate = true;
    this.#light.color = between(COLOURS.above);
    this.#light.groundColor = between(COLOURS.below);
    this.#light.intensity = 1.1 + 0.6 * day;
    this.#sun.intensity = 0.3 + 2.6 * day;
    this.#sun.position.copy(sun.y > 0.05 ? sun : MOON);
    return day;
  }
}
