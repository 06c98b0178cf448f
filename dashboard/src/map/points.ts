// Points: all sensors of a kind in one draw call, on a canvas of their own over the map. Their positions are uploaded once,
// their values as they come: new values redraw the points alone, not the streets and names below them.
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from "maplibre-gl";
import { type Scale, colourTable, shareOf } from "../lib/colour";
import { magnified } from "../lib/units";
import { mercator, pickFrom, type Place } from "./places";
import { type Colour, DEVICE_SIZE, pointSize, SELECTED_SIZE, type Sensors } from "./sensors";

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
uniform float u_size;
in vec2 a_position;
in vec2 a_value; // share of the scale, state
out float v_share;
out float v_state;
void main() {
  gl_Position = u_matrix * vec4(a_position, 0.0, 1.0);
  gl_PointSize = u_size;
  v_share = a_value.x;
  v_state = a_value.y;
}`;

// Live: a disc. Late: a ring. Silent: a grey cross. None: a small grey dot. Shape and colour, for whoever sees no colours.
// Beside the states of sensors: DEVICE, an orange disc, and SELECTED, a thin ring.
const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D u_colours;
uniform vec3 u_edge;
uniform vec3 u_ring;
uniform float u_grey;
uniform highp float u_size; // as in the vertex shader, or the two do not link
in float v_share;
in float v_state;
out vec4 colour;
void main() {
  vec2 at = (gl_PointCoord - 0.5) * 2.0;
  float r = length(at);
  float soft = 2.5 / u_size;
  vec3 fill = texture(u_colours, vec2(v_share, 0.5)).rgb;
  vec3 none = vec3(0.55);
  fill = mix(fill, vec3(dot(fill, vec3(0.299, 0.587, 0.114))), u_grey);
  float alpha;
  if (v_state < 0.5) {
    alpha = 1.0 - smoothstep(1.0 - soft, 1.0, r);
    fill = mix(fill, u_edge, smoothstep(0.78 - soft, 0.78, r));
  } else if (v_state < 1.5) {
    alpha = (1.0 - smoothstep(1.0 - soft, 1.0, r)) * smoothstep(0.5 - soft, 0.5, r);
  } else if (v_state < 2.5) {
    float arm = min(abs(at.x - at.y), abs(at.x + at.y));
    alpha = (1.0 - smoothstep(0.28, 0.28 + soft, arm)) * (1.0 - smoothstep(1.0 - soft, 1.0, r));
    fill = none;
  } else if (v_state < 3.5) {
    alpha = 0.7 * (1.0 - smoothstep(0.45 - soft, 0.45, r));
    fill = none;
  } else if (v_state < 4.5) {
    alpha = 1.0 - smoothstep(1.0 - soft, 1.0, r);
    fill = mix(vec3(0.761, 0.255, 0.047), vec3(1.0), smoothstep(0.76 - soft, 0.76, r));
  } else {
    alpha = (1.0 - smoothstep(1.0 - soft, 1.0, r)) * smoothstep(0.82 - soft, 0.82, r);
    fill = u_ring;
  }
  colour = vec4(fill * alpha, alpha);
}`;

/** Fill the buffer of shares and states, two floats a point. */
export function fillValues(target: Float32Array, values: Float32Array, states: Uint8Array, scale: Scale): Float32Array {
  for (let index = 0; index < states.length; index++) {
    const value = values[index]!;
    const present = value === value; // not NaN
    target[2 * index] = present ? shareOf(value, scale) : 0;
    target[2 * index + 1] = present ? states[index]! : 3;
  }
  return target;
}

const DEVICE = 4;
const SELECTED = 5;

/** Points that are drawn together; positions count from the origin, as 32 bits are too few for the whole world. */
interface Batch {
  array: WebGLVertexArrayObject;
  positions: WebGLBuffer;
  values: WebGLBuffer;
}

/** What WebGL has made for a canvas. */
interface Made {
  gl: WebGL2RenderingContext;
  uniforms: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
  sensors: Batch;
  marks: Batch;
}
const UNIFORMS = ["u_matrix", "u_size", "u_edge", "u_ring", "u_grey"] as const;

/**
 * The layer that MapLibre calls when the map moves: it draws nothing there, but the points of its own canvas with the same
 * matrix, so that both move together.
 */
export class Points implements CustomLayerInterface, Sensors {
  readonly id = "points";
  readonly type = "custom" as const;
  readonly renderingMode = "2d" as const;
  edge: Colour = [1, 1, 1];
  ring: Colour = [0, 0, 0];
  grey = false;
  visible = true;
  readonly #canvas = document.createElement("canvas");
  #map: MapLibreMap | null = null;
  #made: Made | null = null;
  #origin: [number, number] = [0, 0];
  #places: readonly Place[] = [];
  #marks: readonly Place[] = [];
  #selected = false; // the last of the marks
  #offsets = new Float32Array();
  #buffer = new Float32Array();
  #main: Float64Array | null = null; // matrix of the map as it was drawn last
  readonly #matrix = new Float32Array(16);
  #drawing = 0;

  onAdd(map: MapLibreMap): void {
    this.#map = map;
    if (this.#canvas.isConnected) return; // of another style of the same map
    this.#canvas.className = "points";
    this.#canvas.setAttribute("aria-hidden", "true");
    map.getCanvas().after(this.#canvas);
    this.#canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.#made = null;
    });
    this.#canvas.addEventListener("webglcontextrestored", () => this.#make());
    this.#make();
  }

  #make(): void {
    const gl = this.#canvas.getContext("webgl2", { antialias: false, depth: false, stencil: false });
    if (!gl) return;
    const program = link(gl);
    gl.useProgram(program);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, colourTable());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const uniforms = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) as Made["uniforms"];
    this.#made = { gl, uniforms, sensors: batch(gl, program), marks: batch(gl, program) };
    this.#upload();
    this.#uploadMarks();
  }

  /** Free the canvas; the points are not used any more. */
  remove(): void {
    cancelAnimationFrame(this.#drawing);
    this.#made?.gl.getExtension("WEBGL_lose_context")?.loseContext();
    this.#canvas.remove();
    this.#made = this.#map = null;
  }

  /** Set where the points are; their values are none until `update`. */
  place(places: readonly Place[]): void {
    this.#places = places;
    this.#origin = places[0] ? mercator(places[0]) : [0, 0];
    this.#offsets = this.#offsetsOf(places);
    this.#buffer = new Float32Array(2 * places.length);
    for (let index = 0; index < places.length; index++) this.#buffer[2 * index + 1] = 3;
    this.#upload();
    this.#uploadMarks();
  }

  /** Mark places over the sensors: devices, and the one that was picked. */
  mark(devices: readonly Place[], selected: Place | null): void {
    this.#marks = selected ? [...devices, selected] : devices;
    this.#selected = selected !== null;
    this.#uploadMarks();
  }

  /** Show new values: one pass over them, one upload. */
  update(values: Float32Array, states: Uint8Array, scale: Scale): void {
    if (2 * values.length !== this.#buffer.length) return; // of another list of sensors
    fillValues(this.#buffer, values, states, scale);
    if (this.#made) {
      const { gl, sensors } = this.#made;
      gl.bindBuffer(gl.ARRAY_BUFFER, sensors.values);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, this.#buffer);
    }
    this.redraw();
  }

  /** Draw the points again at the next frame of the screen, on the map as it stands. */
  redraw(): void {
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  #offsetsOf(places: readonly Place[]): Float32Array<ArrayBuffer> {
    const offsets = new Float32Array(2 * places.length);
    places.forEach((place, index) => {
      const [x, y] = mercator(place);
      offsets.set([x - this.#origin[0], y - this.#origin[1]], 2 * index);
    });
    return offsets;
  }

  #upload(): void {
    if (this.#made) fill(this.#made.gl, this.#made.sensors, this.#offsets, this.#buffer);
    this.redraw();
  }

  #uploadMarks(): void {
    const values = this.#marks.flatMap((_, index) => [0, this.#selected && index === this.#marks.length - 1 ? SELECTED : DEVICE]);
    if (this.#made) fill(this.#made.gl, this.#made.marks, this.#offsetsOf(this.#marks), new Float32Array(values));
    this.redraw();
  }

  render(_: unknown, input: CustomRenderMethodInput): void {
    this.#main = Float64Array.from(input.defaultProjectionData.mainMatrix as ArrayLike<number>);
    cancelAnimationFrame(this.#drawing);
    this.#draw();
  }

  #draw(): void {
    this.#drawing = 0;
    const [map, made, main] = [this.#map, this.#made, this.#main];
    if (!map || !made || !main) return;
    const { gl, uniforms, sensors, marks } = made;
    const { width, height } = map.getCanvas();
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniformMatrix4fv(uniforms.u_matrix, false, translate(main, this.#origin, this.#matrix));
    gl.uniform3fv(uniforms.u_edge, this.edge);
    gl.uniform3fv(uniforms.u_ring, this.ring);
    gl.uniform1f(uniforms.u_grey, this.grey ? 1 : 0);
    const draw = ({ array }: Batch, size: number, first: number, count: number) => {
      if (count === 0) return;
      gl.bindVertexArray(array);
      gl.uniform1f(uniforms.u_size, size * map.getPixelRatio());
      gl.drawArrays(gl.POINTS, first, count);
    };
    if (this.visible) draw(sensors, this.size, 0, this.#places.length);
    const devices = this.#marks.length - (this.#selected ? 1 : 0);
    draw(marks, SELECTED_SIZE, devices, this.#selected ? 1 : 0);
    draw(marks, DEVICE_SIZE, 0, devices);
  }

  get size(): number {
    return magnified() * pointSize(this.#map?.getZoom() ?? 14, this.#places.length);
  }

  pick(at: { x: number; y: number }, reach: number): number {
    const map = this.#map;
    if (!map || !this.visible) return -1;
    const bounds = map.getBounds(); // on a tilted map the others may be behind the eye
    const project = (place: [number, number]) => (bounds.contains(place) ? map.project(place) : { x: Number.NaN, y: Number.NaN });
    return pickFrom({ project }, this.#places, at, reach + this.size / 2);
  }
}

/** Move a matrix (by columns) to an origin, in 64 bits. */
function translate(matrix: ArrayLike<number>, [x, y]: [number, number], target: Float32Array): Float32Array {
  for (let index = 0; index < 16; index++) target[index] = matrix[index]!;
  for (let row = 0; row < 4; row++) target[12 + row] = matrix[row]! * x + matrix[4 + row]! * y + matrix[12 + row]!;
  return target;
}

function batch(gl: WebGL2RenderingContext, program: WebGLProgram): Batch {
  const made = { array: gl.createVertexArray(), positions: gl.createBuffer(), values: gl.createBuffer() };
  gl.bindVertexArray(made.array);
  for (const [name, buffer] of [["a_position", made.positions], ["a_value", made.values]] as const) {
    const location = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, 2, gl.FLOAT, false, 0, 0);
  }
  return made;
}

function fill(gl: WebGL2RenderingContext, { positions, values }: Batch, offsets: Float32Array, data: Float32Array): void {
  gl.bindBuffer(gl.ARRAY_BUFFER, positions);
  gl.bufferData(gl.ARRAY_BUFFER, offsets, gl.STATIC_DRAW);
  gl.bindBuffer(gl.ARRAY_BUFFER, values);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new Error("WebGL makes no shader");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "WebGL");
  return program;
}
