import { crc32 } from 'node:zlib';

/** A ZIP archive of one small file, stored as it is. */
export const zipOf = (name: string, content: string): Buffer => {
  const file = Buffer.from(name);
  const data = Buffer.from(content);
  const numbers = Buffer.alloc(26);
  numbers.writeUInt16LE(20, 0);
  numbers.writeUInt32LE(crc32(data), 10);
  numbers.writeUInt32LE(data.length, 14);
  numbers.writeUInt32LE(data.length, 18);
  numbers.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), numbers, file, data]);
  const attributes = Buffer.alloc(14);
  attributes.writeUInt32LE(0o100644 * 0x1_0000, 6);
  const central = Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), numbers, attributes, file]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end]);
};
