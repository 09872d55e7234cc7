/** Errors as RFC 9457 problem documents. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { UmbraError, messageOf } from '../base/errors.js';

/** A problem document; `code` is one of the error catalogue. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
}

/** The problem that an error is. Programmer errors say no more than that they happened. */
export function problemOf(error: unknown): Problem {
  const make = (status: number, code: string, detail: string): Problem => ({
    type: `urn:umbra:error:${code.toLowerCase()}`,
    title: code.toLowerCase().replaceAll('_', ' '),
    status,
    detail,
    code,
  });
  if (error instanceof UmbraError) return make(error.httpStatus, error.code, error.message);
  const status = (error as FastifyError).statusCode ?? 500;
  if (status < 500) return make(status, 'INVALID_INPUT', messageOf(error));
  return make(500, 'INTERNAL', 'an internal error; the log has it');
}

/** Fastify's error handler. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  if (problem.status >= 500) request.log.error(error);
  void reply.status(problem.status).type('application/problem+json').send(problem);
}
