/**
 * Names of a test, resolved to a program's: the exact name, else the only one that ends in it.
 * An ending behind a dot goes before any other, so that `t` is `ingress.t` and not `ingress.at`.
 */
import { UmbraError } from '../base/errors.js';

/** A header's validity bit, as p4c names it in a key. */
const VALIDITY = '.$valid$';

/** The one of `names` that `wanted` stands for. Throws INVALID_INPUT with the candidates. */
export function resolveName(wanted: string, names: Iterable<string>, what: string): string {
  const all = [...names];
  if (all.includes(wanted)) return wanted;
  const behindDot = all.filter((name) => name.endsWith(`.${wanted}`));
  return onlyOne(
    wanted,
    behindDot.length > 0 ? behindDot : all.filter((name) => name.endsWith(wanted)),
    all,
    what,
  );
}

/**
 * The key field that `wanted` stands for. `vlan$0.id` is written for `vlan[0].id`, and `hdr.valid`,
 * `hdr` or `valid` for the validity bit `hdr.$valid$`.
 */
export function resolveField(wanted: string, names: Iterable<string>, what: string): string {
  const all = [...names];
  const name = wanted.replace(/\$(\d+)/g, '[$1]');
  const header = name.replace(/\.?(valid|isValid\(\))$/, '');
  const forms = [name, `${name}$`, `${name}${VALIDITY}`, `${header}${VALIDITY}`];
  const exact = forms.find((form) => all.includes(form));
  if (exact !== undefined) return exact;
  const endings = header === '' ? [VALIDITY] : forms.map((form) => `.${form}`);
  const found = all.filter((field) => endings.some((ending) => field.endsWith(ending)));
  return onlyOne(wanted, found, all, what);
}

function onlyOne(wanted: string, found: string[], all: string[], what: string): string {
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    throw new UmbraError('INVALID_INPUT', `${what} '${wanted}' may be ${found.join(' or ')}`);
  }
  const choice = all.length === 0 ? 'there is none' : `there is ${all.join(', ')}`;
  throw new UmbraError('INVALID_INPUT', `no ${what} '${wanted}': ${choice}`);
}
