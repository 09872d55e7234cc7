/** Files that people write, checked against a schema. */
export { CheckedYaml } from './checkedYaml.js';
