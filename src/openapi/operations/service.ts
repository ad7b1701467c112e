import { z } from 'zod';
import { livezResponseSchema, readyzResponseSchema } from '../../gateway/routes/health.ts';
import { gatewayOperation, ok } from '../gateway-operation.ts';
import type { Operation } from '../operation.ts';

const group = 'Service';
const access = { by: 'anyone' } as const;

/** What is there for operators and developers. */
export const SERVICE: readonly Operation[] = [
  gatewayOperation({
    method: 'get',
    path: '/livez',
    id: 'getLiveness',
    group,
    summary: 'Is the process up?',
    access,
    answers: ok('It is.', livezResponseSchema),
  }),
  gatewayOperation(
    {
      method: 'get',
      path: '/readyz',
      id: 'getReadiness',
      group,
      summary: 'Can requests be judged?',
      access,
      answers: ok('They can.', readyzResponseSchema),
    },
    ['redis_unavailable'],
  ),
  gatewayOperation({
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenApi',
    group,
    summary: 'This description, as OpenAPI 3.1',
    access,
    answers: {
      ...ok('The document.', z.looseObject({ openapi: z.string() })),
      304: { description: 'The one that the client has is the newest.' },
    },
  }),
  gatewayOperation({
    method: 'get',
    path: '/docs',
    id: 'getDocs',
    group,
    summary: 'This description, for people',
    access,
    answers: {
      200: { description: 'A page.', schema: z.string(), mediaType: 'text/html; charset=utf-8' },
      304: { description: 'The one that the client has is the newest.' },
    },
  }),
];
