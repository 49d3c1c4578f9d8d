import type { FastifyRequest } from 'fastify';

/** Where the HTTP API is. */
export const apiPrefix = '/api/v1';

/** What a program asked, so that a program gets the answer: decided by the route, and by the path where there is none. */
export const isForPrograms = (request: FastifyRequest): boolean =>
  request.is404 ? isApiPath(request.url) : request.routeOptions.config.credential === 'token';

export const isApiPath = (url: string): boolean => /^\/api(?:[/?]|$)/.test(url);
