/**
 * Where P4Runtime servers differ from the specification in what a client asks or is told, and what
 * puts it right: the one place for it, which every client and guest of ours goes through. All that
 * lies above may take a server for one that conforms. docs/targets.md lists these differences and
 * those that nothing needs to put right.
 *
 * One is met where it happens: BMv2 does not answer an arbitration that changes nothing, so
 * `P4RuntimeClient.becomePrimary` does not repeat one.
 */
import {
  CloneSessionEntry,
  MulticastGroupEntry,
  type Entity,
  type GetForwardingPipelineConfigRequest,
  type GetForwardingPipelineConfigResponse,
  type ReadRequest,
} from '../proto/index.js';
import { guestOf, type GuestChannel } from './channel.js';
import { Code, StatusError } from './status.js';

/** A channel whose server answers as the specification says, whatever the one behind it does. */
export function conforming(channel: GuestChannel): GuestChannel {
  const guest = guestOf(channel);
  const { readBytes } = guest;
  let hasValueSets = true;

  // BMv2 has no value sets over P4Runtime, and a Read that names one fails as a whole.
  const ask = async <T>(
    read: (request: ReadRequest) => Promise<T>,
    request: ReadRequest,
  ): Promise<T> => {
    const entities = request.entities.filter(({ entity }) => entity?.$case !== 'valueSetEntry');
    if (entities.length === request.entities.length) return read(request);
    const others = { ...request, entities };
    if (!hasValueSets) return read(others);
    try {
      return await read(request);
    } catch (error) {
      const isLacking = error instanceof StatusError && error.status === Code.UNIMPLEMENTED;
      if (!isLacking || entities.length === 0) throw error;
      const answer = await read(others);
      hasValueSets = false;
      return answer;
    }
  };

  return Object.freeze({
    ...guest,
    read: (request: ReadRequest) => ask(guest.read, request),
    ...(readBytes && { readBytes: (request: ReadRequest) => ask(readBytes, request) }),
    async getPipeline(
      request: GetForwardingPipelineConfigRequest,
    ): Promise<GetForwardingPipelineConfigResponse> {
      try {
        return await guest.getPipeline(request);
      } catch (error) {
        // BMv2 fails where nothing has been set; the specification answers without a config.
        const isUnset = error instanceof StatusError && error.status === Code.FAILED_PRECONDITION;
        if (isUnset) return { config: undefined };
        throw error;
      }
    },
  });
}

/** Requests for all multicast groups and clone sessions: BMv2 refuses one request for both. */
export function replicationRequests(): Entity[] {
  const types = [
    { $case: 'multicastGroupEntry', value: MulticastGroupEntry.fromPartial({}) },
    { $case: 'cloneSessionEntry', value: CloneSessionEntry.fromPartial({}) },
  ] as const;
  return types.map((type) => ({
    entity: { $case: 'packetReplicationEngineEntry', value: { type } },
  }));
}

/** BMv2 shows a default entry without an action where a table has an action profile. */
export function isEmptyDefault({ entity }: Entity): boolean {
  return entity?.$case === 'tableEntry' && entity.value.isDefaultAction && !entity.value.action;
}
