// Places of the Earth on a map.

export interface Place {
  longitude: number;
  latitude: number;
}

/** Where a map puts places, and how near it is. */
export interface Projection {
  getZoom(): number;
  project(place: [longitude: number, latitude: number]): { x: number; y: number };
  on(event: "move", listener: () => void): unknown;
}

/** Mercator coordinates of the unit square (x east, y south). */
export function mercator({ longitude, latitude }: Place): [number, number] {
  const sine = Math.sin((latitude * Math.PI) / 180);
  return [(longitude + 180) / 360, 0.5 - (0.25 * Math.log((1 + sine) / (1 - sine))) / Math.PI];
}

/** The place on the Earth of Mercator coordinates. */
export function fromMercator([x, y]: [number, number]): Place {
  return { longitude: 360 * x - 180, latitude: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI };
}

/** Return the index of the place that is nearest to a point of the screen, or -1 if none is within a reach [CSS pixels]. */
export function pickFrom({ project }: Pick<Projection, "project">, places: readonly Place[], at: { x: number; y: number }, reach: number): number {
  let best = -1;
  let distance = reach ** 2;
  places.forEach((place, index) => {
    const { x, y } = project([place.longitude, place.latitude]);
    const square = (x - at.x) ** 2 + (y - at.y) ** 2;
    if (square < distance) [best, distance] = [index, square];
  });
  return best;
}
