// Layer of points: all sensors of a kind in one draw call; positions once, then one buffer of floats a second.
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from "maplibre-gl";
import { type Scale, colourTable, shareOf } from "../lib/colour";

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
const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D u_colours;
uniform vec3 u_edge;
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
  } else {
    alpha = 0.7 * (1.0 - smoothstep(0.45 - soft, 0.45, r));
    fill = none;
  }
  colour = vec4(fill * alpha, alpha);
}`;

export interface Place {
  longitude: number;
  latitude: number;
}

/** Mercator coordinates of the unit square (x east, y south). */
export function mercator({ longitude, latitude }: Place): [number, number] {
  const sine = Math.sin((latitude * Math.PI) / 180);
  return [(longitude + 180) / 360, 0.5 - (0.25 * Math.log((1 + sine) / (1 - sine))) / Math.PI];
}

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

/** The layer that MapLibre calls. Positions count from the first point, as 32 bits are too few for the whole world. */
export class Points implements CustomLayerInterface {
  readonly id = "points";
  readonly type = "custom" as const;
  readonly renderingMode = "2d" as const;
  edge: [number, number, number] = [1, 1, 1];
  grey = false;
  visible = true;
  #map: MapLibreMap | null = null;
  #gl: WebGL2RenderingContext | null = null;
  #program: WebGLProgram | null = null;
  #array: WebGLVertexArrayObject | null = null;
  #positions: WebGLBuffer | null = null;
  #values: WebGLBuffer | null = null;
  #colours: WebGLTexture | null = null;
  #origin: [number, number] = [0, 0];
  #places: readonly Place[] = [];
  #offsets = new Float32Array();
  #buffer = new Float32Array();
  #matrix = new Float32Array(16);

  onAdd(map: MapLibreMap, gl: WebGL2RenderingContext): void {
    this.#map = map;
    const program = link(gl);
    this.#program = program;
    this.#array = gl.createVertexArray();
    this.#positions = gl.createBuffer();
    this.#values = gl.createBuffer();
    gl.bindVertexArray(this.#array);
    for (const [name, buffer] of [["a_position", this.#positions], ["a_value", this.#values]] as const) {
      const location = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, 2, gl.FLOAT, false, 0, 0);
    }
    gl.bindVertexArray(null);
    this.#colours = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.#colours);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, colourTable());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    this.#gl = gl;
    this.#upload();
  }

  onRemove(): void {
    this.#gl = null;
    this.#map = null;
  }

  /** Set where the points are; their values are none until `update`. */
  place(places: readonly Place[]): void {
    this.#places = places;
    this.#origin = places[0] ? mercator(places[0]) : [0, 0];
    this.#offsets = new Float32Array(2 * places.length);
    places.forEach((place, index) => {
      const [x, y] = mercator(place);
      this.#offsets.set([x - this.#origin[0], y - this.#origin[1]], 2 * index);
    });
    this.#buffer = new Float32Array(2 * places.length);
    for (let index = 0; index < places.length; index++) this.#buffer[2 * index + 1] = 3;
    this.#upload();
  }

  /** Show new values: one pass over them, one upload. */
  update(values: Float32Array, states: Uint8Array, scale: Scale): void {
    if (2 * values.length !== this.#buffer.length) return; // of another list of sensors
    fillValues(this.#buffer, values, states, scale);
    const gl = this.#gl;
    if (gl) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.#values);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, this.#buffer);
    }
    this.#map?.triggerRepaint();
  }

  #upload(): void {
    const gl = this.#gl;
    if (!gl) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#positions);
    gl.bufferData(gl.ARRAY_BUFFER, this.#offsets, gl.STATIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#values);
    gl.bufferData(gl.ARRAY_BUFFER, this.#buffer, gl.DYNAMIC_DRAW);
    this.#map?.triggerRepaint();
  }

  render(gl: WebGLRenderingContext | WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const count = this.#places.length;
    if (!this.visible || count === 0 || !(gl instanceof WebGL2RenderingContext) || !this.#program) return;
    const matrix = translate(input.defaultProjectionData.mainMatrix as ArrayLike<number>, this.#origin, this.#matrix);
    const uniform = (name: string) => gl.getUniformLocation(this.#program!, name);
    gl.useProgram(this.#program);
    gl.uniformMatrix4fv(uniform("u_matrix"), false, matrix);
    gl.uniform1f(uniform("u_size"), this.size * (this.#map?.getPixelRatio() ?? 1));
    gl.uniform3fv(uniform("u_edge"), this.edge);
    gl.uniform1f(uniform("u_grey"), this.grey ? 1 : 0);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.#colours);
    gl.uniform1i(uniform("u_colours"), 0);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindVertexArray(this.#array);
    gl.drawArrays(gl.POINTS, 0, count);
    gl.bindVertexArray(null);
  }

  /** Diameter of a point [CSS pixels]: grows as one comes nearer. */
  get size(): number {
    const zoom = this.#map?.getZoom() ?? 14;
    return Math.min(Math.max(4 + 3 * (zoom - 12), this.#places.length > 1_000 ? 6 : 10), 26);
  }

  /** Return the index of the point at a place of the screen, or -1. */
  pick(at: { x: number; y: number }, reach: number): number {
    const map = this.#map;
    if (!map || !this.visible) return -1;
    let best = -1;
    let distance = (reach + this.size / 2) ** 2;
    const bounds = map.getBounds();
    this.#places.forEach((place, index) => {
      if (!bounds.contains([place.longitude, place.latitude])) return;
      const { x, y } = map.project([place.longitude, place.latitude]);
      const square = (x - at.x) ** 2 + (y - at.y) ** 2;
      if (square < distance) [best, distance] = [index, square];
    });
    return best;
  }
}

/** Move a matrix (by columns) to an origin, in 64 bits. */
function translate(matrix: ArrayLike<number>, [x, y]: [number, number], target: Float32Array): Float32Array {
  for (let index = 0; index < 16; index++) target[index] = matrix[index]!;
  for (let row = 0; row < 4; row++) target[12 + row] = matrix[row]! * x + matrix[4 + row]! * y + matrix[12 + row]!;
  return target;
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
