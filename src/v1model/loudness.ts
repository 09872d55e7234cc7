/** Whether a table is quiet, told to emitted code that leaves out tables while they are. */
export class Loudness {
  #isLoud = false;

  /** @param cell [0] counts the tables of a switch that are not quiet */
  constructor(private readonly cell: Int32Array) {}

  note(isLoud: boolean): void {
    if (isLoud !== this.#isLoud) this.cell[0]! += isLoud ? 1 : -1;
    this.#isLoud = isLoud;
  }
}
