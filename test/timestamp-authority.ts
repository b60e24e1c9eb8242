// A timestamp authority of openssl's, for tests: its own root, its own certificate, and answers to queries (RFC 3161).

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";

export interface TimestampAuthority {
  /** The root's certificate, as PEM. */
  root: string;
  /** Its answer about the bytes of a file. */
  stamp: (file: string, options?: { withoutCertificate?: boolean }) => Buffer;
}

export const hasOpenssl: boolean = spawnSync("openssl", ["version"]).status === 0;

export function timestampAuthority(folder: string, key: "rsa" | "ec" = "rsa"): TimestampAuthority {
  fs.mkdirSync(folder, { recursive: true });
  const at = (name: string): string => path.join(folder, name);
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  };
  fs.writeFileSync(at("openssl.cnf"), CONFIG);
  const newKey = key === "rsa" ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const request = ["req", "-config", "openssl.cnf", "-newkey", ...newKey, "-nodes"];
  openssl(...request, "-x509", "-extensions", "root", "-subj", "/CN=Test root", "-keyout", "root.key", "-out", "root.pem"); // prettier-ignore
  openssl(...request, "-subj", "/CN=Test authority", "-keyout", "tsa.key", "-out", "tsa.csr");
  openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "openssl.cnf", "-extensions", "stamping", "-days", "2", "-out", "tsa.pem"); // prettier-ignore
  fs.writeFileSync(at("serial"), "01\n");
  return {
    root: at("root.pem"),
    stamp: (file, { withoutCertificate = false } = {}) => {
      const certificate = withoutCertificate ? [] : ["-cert"];
      openssl("ts", "-query", "-data", file, "-sha256", ...certificate, "-out", "query.tsq");
      openssl("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr");
      return fs.readFileSync(at("answer.tsr"));
    },
  };
}

// --- internal ---

const CONFIG = `
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamping]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
certs = root.pem
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
`;
