/** What all commands have in common: how they report wrong usage, and their options' values. */
import { InvalidArgumentError, type Command } from 'commander';

/** A subcommand that reports wrong usage like its parent. */
export function command(parent: Command, name: string): Command {
  return parent.command(name).exitOverride().showHelpAfterError(`(see umbra ${name} --help)`);
}

/** A subcommand that asks a running Umbra. */
export function remoteCommand(parent: Command, name: string, description: string): Command {
  return command(parent, name)
    .description(description)
    .option('--api <url>', 'where Umbra runs', 'http://127.0.0.1:8080')
    .option('--json', 'print one JSON document');
}

/** An option's value. Throws wrong usage. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed');
  return Number(text);
}

/** An option's value. Throws wrong usage. */
export function decimal(text: string): number {
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw new InvalidArgumentError('a number is needed');
  return value;
}
