/** P4Runtime 1.5 for Node: client, server, schema and readable rules. */
export {
  bigintOf,
  bytesOfBigint,
  canonical,
  canonicalSigned,
  hexOf,
  padded,
  signedOf,
} from './bytestring.js';
export type { Channel, GuestChannel, Stream } from './channel.js';
export { P4RuntimeClient, P4RuntimeReader, WRITE_BATCH } from './client.js';
export type { ClientListener, ClientOptions } from './client.js';
export { entityKey, tableEntryKey } from './entityKey.js';
export { GrpcChannel, type GrpcChannelOptions } from './grpcChannel.js';
export { readP4InfoText } from './p4infoText.js';
export type { PlainEntry } from './plainEntry.js';
export {
  actionMessage,
  entryFromRule,
  paramsOf,
  ruleFromEntry,
  type Rule,
  type WeightedAction,
} from './rule.js';
export * from './schema.js';
export { P4RuntimeServer } from './server.js';
export { clientTls, serverTls, type ClientTlsFiles, type TlsFiles } from './tls.js';
export { API_VERSION } from './service.js';
export {
  Code,
  codeName,
  ReadError,
  StatusError,
  WriteError,
  type UpdateFailure,
} from './status.js';
export type { Target, TargetListener } from './target.js';
export { validateUpdate } from './validate.js';
export { validateMatch } from './validateEntry.js';
export { portOf } from './validateReplication.js';
export { validateIndex } from './validateResource.js';
export { formatValue, parseValue } from './valueText.js';
export {
  cloneSessionEntity,
  everything,
  groupEntity,
  isUnset,
  memberEntity,
  meterEntity,
  ruleEntity,
  tableRequest,
} from './entities.js';
export { compareEntities, entityContent, updatesFor, type Difference } from './compare.js';
export { Translator } from './translate.js';
export { goneKeys, splitEntities, WireState, type StateChange } from './wireState.js';
