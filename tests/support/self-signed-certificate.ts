// A certificate for 127.0.0.1 that nobody else trusts, made anew for each test: DER (ITU-T X.690) of a certificate (RFC 5280).
import { generateKeyPairSync, sign } from 'node:crypto';

const encode = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
};
const sequence = (...parts: Buffer[]): Buffer => encode(0x30, ...parts);
const object = (hex: string): Buffer => encode(0x06, Buffer.from(hex, 'hex'));
const text = (value: string): Buffer => encode(0x0c, Buffer.from(value));
/** UTCTime */
const time = (at: number): Buffer =>
  encode(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));

const ecdsaWithSha256 = sequence(object('2a8648ce3d040302'));
const day = 86_400_000;

export type Certificate = { key: string; certificate: string };

export const selfSignedCertificate = (name: string): Certificate => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const distinguished = sequence(encode(0x31, sequence(object('550403'), text(name))));
  const authority = sequence(object('551d13'), encode(0x04, sequence(encode(0x01, Buffer.from([0xff])))));
  const addresses = sequence(object('551d11'), encode(0x04, sequence(encode(0x87, Buffer.from([127, 0, 0, 1])))));
  const toBeSigned = sequence(
    encode(0xa0, encode(0x02, Buffer.from([2]))),
    encode(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    distinguished,
    sequence(time(Date.now() - day), time(Date.now() + day)),
    distinguished,
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(0xa3, sequence(authority, addresses)),
  );
  const signature = encode(0x03, Buffer.from([0]), sign('sha256', toBeSigned, privateKey));
  const lines =
    sequence(toBeSigned, ecdsaWithSha256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
};
