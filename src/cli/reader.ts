/** What happens when the one who reads a command's output goes away, as in `umbra rules | head`. */

/** The status of a program that ended because nobody read its output: 128 + SIGPIPE. */
export const READER_GONE = 141;

/**
 * Ends the process quietly when standard output is closed: in order where the command has
 * something to take down (it listens for SIGTERM), at once otherwise. What cannot be said on
 * standard error is not said.
 */
export function endWithReader(): void {
  const isPipe = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EPIPE';
  process.stderr.on('error', (error) => {
    if (!isPipe(error)) throw error;
  });
  process.stdout.on('error', (error) => {
    if (!isPipe(error)) throw error;
    process.exitCode = READER_GONE;
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(READER_GONE);
  });
}
