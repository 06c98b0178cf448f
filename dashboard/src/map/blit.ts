// Images in memory, one below another: whole numbers of 32 bits a pixel, RGBA in the order of bytes, without premultiplied alpha.

const OPAQUE = 255;

/** Copy what of a square image is on the screen, below what is there already: it is seen beside it, and through its clear edge. */
export function blit(screen: Int32Array, x: number, y: number, width: number, height: number, atlas: Int32Array, from: number, side: number): void {
  const [firstRow, lastRow] = [Math.max(0, -y), Math.min(side, height - y)];
  const [firstColumn, lastColumn] = [Math.max(0, -x), Math.min(side, width - x)];
  for (let row = firstRow; row < lastRow; row++) {
    let source = from + row * side + firstColumn;
    let at = (y + row) * width + x + firstColumn;
    for (let column = firstColumn; column < lastColumn; column++, source++, at++) {
      const above = screen[at]!;
      if (above === 0) screen[at] = atlas[source]!;
      else if (above >>> 24 < OPAQUE) screen[at] = over(above, atlas[source]!);
    }
  }
}

/**
 * Lay a colour over another (Porter and Duff 1984, doi 10.1145/800031.808606), both RGBA without premultiplied alpha: whole numbers
 * of 32 bits, red and blue in one product.
 */
export function over(above: number, below: number): number {
  const under = below >>> 24;
  if (under === 0) return above;
  const alpha = above >>> 24;
  const whole = alpha + Math.round(((255 - alpha) * under) / 255);
  const share = under === OPAQUE ? alpha + (alpha >>> 7) : ((256 * alpha) / whole) | 0; // of 256
  const rest = 256 - share;
  const redBlue = ((Math.imul(above & 0xff00ff, share) + Math.imul(below & 0xff00ff, rest)) >>> 8) & 0xff00ff;
  const green = ((Math.imul(above & 0xff00, share) + Math.imul(below & 0xff00, rest)) >>> 8) & 0xff00;
  return (whole << 24) | redBlue | green;
}
