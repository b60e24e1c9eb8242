// Checks a time stamp (RFC 3161): that a timestamp authority signed that it saw these bytes at that time. Checked are the
// hash of the bytes, the signature over it (CMS, RFC 5652 §5.4), that its certificate is for time stamping and is the one
// the signature names (RFC 5816), and, with authorities' certificates given, the chain up to one of them at that time.
// Whether a certificate has been revoked is not.

import { hash, verify, X509Certificate } from "node:crypto";

import { childrenOf, DerError, expectTag, oidOf, readDer, TAG, valuesIn } from "./der.ts";
import type { DerValue } from "./der.ts";

/** What a time stamp proves; or why it proves nothing. */
export type TimeStamp =
  | {
      kind: "stamp";
      /** When the authority saw the bytes, as RFC 3339. */
      time: string;
      /** Subject of its certificate, in one line. */
      authority: string;
      /** Whether the certificate leads to one that was given; undefined when none was. */
      chained: boolean | undefined;
    }
  | { kind: "bad"; reason: string };

/**
 * @param token what the authority answered (TimeStampResp), or the token in it
 * @param stamped the bytes that were stamped
 * @param authorities certificates that are trusted, as PEM, one or many; none: the chain is not checked
 */
export function checkTimeStamp(token: Buffer, stamped: Uint8Array, authorities?: string): TimeStamp {
  try {
    return check(tokenOf(token), stamped, authorities);
  } catch (error) {
    // Certificates are read by OpenSSL, which throws errors of its own.
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "bad", reason: error instanceof BadStamp ? reason : `it cannot be read: ${reason}` };
  }
}

// --- internal ---

class BadStamp extends Error {}

const OID = {
  signedData: "1.2.840.113549.1.7.2",
  tstInfo: "1.2.840.113549.1.9.16.1.4",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  rsaPss: "1.2.840.113549.1.1.10",
} as const;

const HASHES: ReadonlyMap<string, string> = new Map([
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

function check(token: DerValue, stamped: Uint8Array, authorities: string | undefined): TimeStamp {
  const [type, wrapped] = childrenOf(token, TAG.sequence);
  if (oidOf(type) !== OID.signedData) throw new BadStamp("it is not signed data");
  const [signedData] = childrenOf(wrapped, TAG.context0);
  const [, , encapsulated, ...rest] = childrenOf(signedData, TAG.sequence);
  const [contentType, content] = childrenOf(encapsulated, TAG.sequence);
  if (oidOf(contentType) !== OID.tstInfo) throw new BadStamp("what it signs is no time stamp");
  const [octets] = childrenOf(content, TAG.context0);
  const info = expectTag(octets, TAG.octets).content;
  const { imprint, time } = readInfo(info);
  if (!imprint.value.equals(hash(imprint.algorithm, stamped, "buffer")))
    throw new BadStamp("it is of other bytes");
  const certificates = rest
    .filter(({ tag }) => tag === TAG.context0)
    .flatMap((set) => valuesIn(set.content))
    .filter(({ tag }) => tag === TAG.sequence)
    .map(({ bytes }) => new X509Certificate(bytes));
  const [signer, ...more] = childrenOf(rest.at(-1), TAG.set);
  if (signer === undefined || more.length > 0) throw new BadStamp("it does not have exactly one signature");
  const trusted = authorities === undefined ? [] : readPem(authorities);
  const certificate = checkSignature(signer, info, [...certificates, ...trusted]);
  if (!(certificate.keyUsage ?? []).includes(OID.timeStamping))
    throw new BadStamp("its certificate is not for time stamping");
  return {
    kind: "stamp",
    time: time.toISOString(),
    authority: certificate.subject.split("\n").join(", "),
    chained: authorities === undefined ? undefined : isChained(certificate, certificates, trusted, time),
  };
}

/** The token, out of the authority's answer or by itself. */
function tokenOf(bytes: Buffer): DerValue {
  const outer = readDer(bytes, TAG.sequence);
  const [status, token] = childrenOf(outer, TAG.sequence);
  if (status?.tag !== TAG.sequence) return outer;
  const [code] = childrenOf(status, TAG.sequence);
  const granted = expectTag(code, TAG.integer).content;
  // 0 granted, 1 granted with modifications.
  if (granted.length !== 1 || (granted[0] ?? 2) > 1 || token === undefined)
    throw new BadStamp("the authority did not grant it");
  return token;
}

function readInfo(bytes: Buffer): { imprint: { algorithm: string; value: Buffer }; time: Date } {
  const [, , imprint, , genTime] = childrenOf(readDer(bytes), TAG.sequence);
  const [algorithm, value] = childrenOf(imprint, TAG.sequence);
  const text = expectTag(genTime, TAG.generalizedTime).content.toString("latin1");
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d(?:\.\d{1,9})?)Z$/.exec(text);
  const [, year = "", month = "", day = "", hour = "", minute = "", second = ""] = parts ?? [];
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time.getTime())) throw new DerError(`no time: ${text.slice(0, 40)}`);
  return {
    imprint: { algorithm: hashOf(algorithm), value: expectTag(value, TAG.octets).content },
    time,
  };
}

function hashOf(algorithm: DerValue | undefined): string {
  const oid = oidOf(childrenOf(algorithm, TAG.sequence)[0]);
  const name = HASHES.get(oid);
  if (name === undefined) throw new BadStamp(`it uses the hash ${oid}, which is not SHA-256, -384 or -512`);
  return name;
}

/** The certificate whose key made the signature over the time stamp. */
function checkSignature(
  signer: DerValue,
  info: Buffer,
  certificates: readonly X509Certificate[],
): X509Certificate {
  const [, , digest, attributes, method, signature] = childrenOf(signer, TAG.sequence);
  const algorithm = hashOf(digest);
  const signed = expectTag(attributes, TAG.context0);
  const values = new Map(
    valuesIn(signed.content).map((attribute) => {
      const [type, set] = childrenOf(attribute, TAG.sequence);
      return [oidOf(type), childrenOf(set, TAG.set)[0]] as const;
    }),
  );
  if (oidOf(values.get(OID.contentType)) !== OID.tstInfo)
    throw new BadStamp("what was signed is no time stamp");
  const stated = expectTag(values.get(OID.messageDigest), TAG.octets).content;
  if (!stated.equals(hash(algorithm, info, "buffer")))
    throw new BadStamp("its content is not what was signed");
  const certificate = certificates.find((each) => isNamed(each, values));
  if (certificate === undefined)
    throw new BadStamp("its certificate is not there: ask for it (openssl ts -query -cert)");
  if (oidOf(childrenOf(method, TAG.sequence)[0]) === OID.rsaPss)
    throw new BadStamp("it is signed with RSA-PSS, which is not supported");
  // The signature is over the attributes as a SET, which they are tagged as [0] here (RFC 5652 §5.4).
  const bytes = Buffer.from(signed.bytes);
  bytes[0] = TAG.set;
  const isEdwards = certificate.publicKey.asymmetricKeyType?.startsWith("ed") === true;
  const { content } = expectTag(signature, TAG.octets);
  if (!verify(isEdwards ? undefined : algorithm, bytes, certificate.publicKey, content))
    throw new BadStamp("its signature does not hold");
  return certificate;
}

/** Whether a certificate is the one that the signed attributes name by its hash. */
function isNamed({ raw }: X509Certificate, attributes: ReadonlyMap<string, DerValue | undefined>): boolean {
  const second = attributes.get(OID.signingCertificateV2);
  const [ids] = childrenOf(second ?? attributes.get(OID.signingCertificate), TAG.sequence);
  const [id] = childrenOf(ids, TAG.sequence);
  const fields = childrenOf(id, TAG.sequence);
  const value = fields.find(({ tag }) => tag === TAG.octets)?.content;
  // The first version of the attribute knows SHA-1 only, and the second takes SHA-256 where it names none.
  const [first] = fields;
  const named = first?.tag === TAG.sequence ? hashOf(first) : "sha256";
  return value?.equals(hash(second === undefined ? "sha1" : named, raw, "buffer")) === true;
}

/** Whether a certificate leads over those in the token to one that is trusted, all of them valid at that time. */
function isChained(
  leaf: X509Certificate,
  between: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  time: Date,
): boolean {
  let at = leaf;
  for (let step = 0; step < MAX_CHAIN; step++) {
    if (!isValidAt(at, time)) return false;
    if (trusted.some(({ raw }) => raw.equals(at.raw))) return true;
    const issued = (by: X509Certificate): boolean =>
      by.ca && at.checkIssued(by) && at.verify(by.publicKey) && isValidAt(by, time);
    const issuer = trusted.find(issued) ?? between.find(issued);
    if (issuer === undefined || issuer === at) return false;
    at = issuer;
  }
  return false;
}

const MAX_CHAIN = 8;

function isValidAt({ validFrom, validTo }: X509Certificate, time: Date): boolean {
  return new Date(validFrom) <= time && time <= new Date(validTo);
}

function readPem(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new BadStamp("the file of authorities holds no certificate in PEM form");
  return blocks.map((block) => new X509Certificate(block));
}
