/**
 * Arithmetic on words of `L`, most significant first, for generated code that needs it. `d` is
 * where the result goes, which overlaps no operand; `n` is how many words all of them have.
 */
export const widePrelude = `
function addWords(d, a, b, n) {
  for (let i = n - 1, carry = 0; i >= 0; i--) {
    const sum = (L[a + i] >>> 0) + (L[b + i] >>> 0) + carry;
    L[d + i] = sum;
    carry = sum >= 4294967296 ? 1 : 0;
  }
}
function subWords(d, a, b, n) {
  for (let i = n - 1, borrow = 0; i >= 0; i--) {
    const difference = (L[a + i] >>> 0) - (L[b + i] >>> 0) - borrow;
    L[d + i] = difference;
    borrow = difference < 0 ? 1 : 0;
  }
}
function mulWords(d, a, b, n) {
  L.fill(0, d, d + n);
  for (let i = n - 1; i >= 0; i--) {
    const x = L[a + i] >>> 0, x0 = x & 65535, x1 = x >>> 16;
    if (x === 0) continue;
    for (let j = n - 1, at = d + i, carry = 0; at >= d; j--, at--) {
      const y = L[b + j] >>> 0, y0 = y & 65535, y1 = y >>> 16;
      const middle = x0 * y1 + x1 * y0;
      const low = x0 * y0 + (middle % 65536) * 65536 + (L[at] >>> 0) + carry;
      L[at] = low;
      carry = x1 * y1 + Math.floor(middle / 65536) + Math.floor(low / 4294967296);
    }
  }
}
function shiftLeftWords(d, a, by, n) {
  const words = Math.floor(by / 32), bits = by % 32;
  for (let i = 0; i < n; i++) {
    const from = i + words;
    const high = from < n ? L[a + from] << bits : 0;
    L[d + i] = bits > 0 && from + 1 < n ? high | (L[a + from + 1] >>> (32 - bits)) : high;
  }
}
function shiftRightWords(d, a, by, n, fill) {
  const words = Math.floor(by / 32), bits = by % 32;
  for (let i = 0; i < n; i++) {
    const from = i - words;
    const word = from >= 0 ? L[a + from] : fill;
    const above = from >= 1 ? L[a + from - 1] : fill;
    L[d + i] = bits > 0 ? (word >>> bits) | (above << (32 - bits)) : word;
  }
}
function negateWords(a, n) {
  for (let i = n - 1, carry = 1; i >= 0; i--) {
    const word = (~L[a + i] >>> 0) + carry;
    L[a + i] = word;
    carry = word >= 4294967296 ? 1 : 0;
  }
}
function isBelowWords(a, b, n) {
  for (let i = 0; i < n; i++) {
    if (L[a + i] !== L[b + i]) return L[a + i] >>> 0 < L[b + i] >>> 0;
  }
  return false;
}
function divideWords(q, r, a, b, n) {
  // Truncates towards zero; by zero, quotient and remainder are zero. Spoils a and b.
  const isNegative = L[a] < 0, isOpposite = (L[a] ^ L[b]) < 0;
  if (L[a] < 0) negateWords(a, n);
  if (L[b] < 0) negateWords(b, n);
  L.fill(0, q, q + n);
  L.fill(0, r, r + n);
  let isZero = true;
  for (let i = 0; i < n; i++) if (L[b + i] !== 0) isZero = false;
  if (isZero) return;
  for (let bit = 0; bit < 32 * n; bit++) {
    for (let i = 0; i < n - 1; i++) L[r + i] = (L[r + i] << 1) | (L[r + i + 1] >>> 31);
    L[r + n - 1] = (L[r + n - 1] << 1) | ((L[a + (bit >> 5)] >>> (31 - (bit & 31))) & 1);
    if (isBelowWords(r, b, n)) continue;
    subWords(r, r, b, n);
    L[q + (bit >> 5)] |= 1 << (31 - (bit & 31));
  }
  if (isOpposite) negateWords(q, n);
  if (isNegative) negateWords(r, n);
}`;
