/** Field values of a digest as P4Data of the type that P4Info gives. Spec: section 8.4. */
import { canonical, canonicalSigned } from '../p4runtime/index.js';
import type { P4Data, p4info } from '../proto/index.js';

type TypeSpec = NonNullable<p4info.Digest['typeSpec']>;
type TypeInfo = p4info.P4Info['typeInfo'];

/** A value of type `spec` from the bytes of its fields, in the program's order. */
export function p4DataOf(
  spec: TypeSpec | undefined,
  info: TypeInfo,
  values: readonly Uint8Array[],
): P4Data {
  const rest = values[Symbol.iterator]();
  return build(spec, info, () => rest.next().value ?? new Uint8Array(1));
}

function build(spec: TypeSpec | undefined, info: TypeInfo, next: () => Uint8Array): P4Data {
  const type = spec?.typeSpec;
  switch (type?.$case) {
    case 'struct': {
      const members = info?.structs[type.value.name]?.members ?? [];
      const built = members.map((member) => build(member.typeSpec, info, next));
      return { data: { $case: 'struct', value: { members: built } } };
    }
    case 'tuple': {
      const members = type.value.members.map((member) => build(member, info, next));
      return { data: { $case: 'tuple', value: { members } } };
    }
    case 'header': {
      const members = info?.headers[type.value.name]?.members ?? [];
      const bitstrings = members.map(() => canonical(next()));
      return { data: { $case: 'header', value: { isValid: true, bitstrings } } };
    }
    case 'bool':
      return { data: { $case: 'bool', value: next().some((byte) => byte !== 0) } };
    case 'serializableEnum':
      return { data: { $case: 'enumValue', value: canonical(next()) } };
    case 'newType': {
      const original = info?.newTypes[type.value.name]?.representation;
      const inner = original?.$case === 'originalType' ? original.value : undefined;
      return build(inner, info, next);
    }
    default: {
      const isSigned =
        type?.$case === 'bitstring' && type.value.typeSpec?.$case === 'int';
      const value = isSigned ? canonicalSigned(next()) : canonical(next());
      return { data: { $case: 'bitstring', value } };
    }
  }
}
