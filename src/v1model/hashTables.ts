/** Tables of the CRCs that v1model names. */

function reflectedTable(polynomial: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
}

/** CRC-16, polynomial 0x8005 reflected. */
export const crc16Table = reflectedTable(0xa001);
/** CRC-32 of IEEE 802.3, reflected. */
export const crc32Table = reflectedTable(0xedb88320);
/** CRC-16/CCITT, polynomial 0x1021, most significant bit first. */
export const crcCcittTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 32768 ? (crc << 1) ^ 0x1021 : crc << 1) & 65535;
  return crc;
});
