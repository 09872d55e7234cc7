/** How generated code and a table see a lookup structure. */

/** A key as words: fields in the order of the table, each right-aligned in its own words. */
export interface KeyRow {
  /** Bits outside the mask are zero; of a range field, its lower bound. */
  value: Int32Array;
  /** Of a range field, its upper bound. */
  mask: Int32Array;
  /** What decides between entries that match: the larger one wins. Prefix length or priority. */
  rank: number;
}

/** One field of a key, as far as lookups are concerned. */
export interface FieldShape {
  kind: 'exact' | 'lpm' | 'ternary' | 'range';
  bitWidth: number;
  /** Its first word in a row, and how many they are. */
  firstWord: number;
  words: number;
}

/** A lookup structure. An entry is a positive number; 0 is no match. */
export interface MatchIndex {
  /** Entries in the index. */
  readonly used: number;
  /** Key words of the next `lookup`. */
  readonly key: Int32Array;
  lookup(): number;
  /** The same for keys of one word. */
  find(word: number): number;
  /** @param sequence decides between equal ranks: the smaller one wins */
  insert(entry: number, row: KeyRow, sequence: number): void;
  /** Takes the row that the entry was inserted with. */
  remove(entry: number, row: KeyRow): void;
}
