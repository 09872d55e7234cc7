/** TLS of the P4Runtime server, from PEM files. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { credentials, ServerCredentials, type ChannelCredentials } from '@grpc/grpc-js';
import { messageOf, UmbraError } from '../base/errors.js';

/** Paths of PEM files, and whether clients must show a certificate. */
export interface TlsFiles {
  cert: string;
  key: string;
  /** Certificates that clients' are checked against. */
  cacert?: string;
  /** Only clients with a certificate that `cacert` signed get in. */
  clientAuth: boolean;
}

/** Credentials of a server. Throws INVALID_FILE naming what cannot be read or does not fit. */
export function serverTls({ cert, key, cacert, clientAuth }: TlsFiles): ServerCredentials {
  if (clientAuth && cacert === undefined) {
    throw new UmbraError('USAGE', 'client authentication needs a CA certificate to check against');
  }
  const pair = { cert_chain: readPem(cert), private_key: readPem(key) };
  const ca = cacert === undefined ? null : readPem(cacert);
  try {
    createSecureContext({ cert: pair.cert_chain, key: pair.private_key, ...(ca && { ca }) });
  } catch (error) {
    const files = [cert, key, ...(cacert === undefined ? [] : [cacert])].join(', ');
    throw new UmbraError('INVALID_FILE', `${files}: ${messageOf(error)}`, { cause: error });
  }
  return ServerCredentials.createSsl(ca, [pair], clientAuth);
}

/** Paths of a client's PEM files. */
export interface ClientTlsFiles {
  /** Certificates that the server's is checked against. */
  ca: string;
  /** The client's own, when the server asks for one. */
  cert?: string;
  key?: string;
}

/** Credentials of a client. Throws INVALID_FILE naming a file, USAGE for half a pair. */
export function clientTls({ ca, cert, key }: ClientTlsFiles): ChannelCredentials {
  if ((cert === undefined) !== (key === undefined)) {
    throw new UmbraError('USAGE', 'a client certificate needs its key, and a key its certificate');
  }
  const own = cert === undefined || key === undefined ? [] : [readPem(key), readPem(cert)];
  return credentials.createSsl(readPem(ca), ...own);
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${path}: ${messageOf(error)}`, { cause: error });
  }
}
