import { z } from 'zod';
import { ANYONE, type Operation, ok } from '../../http/operation.ts';
import { problemMembers } from '../../http/problem.ts';
import { Refusal } from '../../refusal.ts';
import { refuse } from '../decision-log.ts';
import type { HealthServerOptions, PrivateResponse } from '../edge/health-server.ts';
import type { Readiness, ReadinessReport } from '../edge/readiness.ts';
import type { GatewayContext } from '../pipeline/guards.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../problems/table.ts';

const livezResponseSchema = z.strictObject({ status: z.literal('alive') });
const readyzResponseSchema = z.strictObject({ status: z.literal('ready') });

export const healthOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: '/livez',
    id: 'getLiveness',
    tag: 'Service',
    summary: 'Liveness probe',
    access: ANYONE,
    responses: ok('The process is running.', livezResponseSchema),
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'getReadiness',
    tag: 'Service',
    summary: 'Readiness probe',
    access: ANYONE,
    responses: ok('Requests can be served.', readyzResponseSchema),
    refusals: ['redis_unavailable', 'stopping'],
  },
];

export interface HealthDeps {
  readiness: Readiness;
}

/** Depends on nothing else, because restarting the process would not fix Redis. */
export const livez = (c: GatewayContext): Response =>
  c.json({ status: 'alive' } satisfies z.output<typeof livezResponseSchema>);

/** Whether requests can be served. Anyone may ask, so the reason is not in the response. */
export const readyz =
  ({ readiness }: HealthDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const report = await readiness.check();
    if (report.status !== 'ready') return refuse(c.env, new Refusal(reasonOf(report)));
    return c.json({ status: report.status } satisfies z.output<typeof readyzResponseSchema>);
  };

/** The health checks of the private listener. Its `/readyz` has the report, as members of the problem if it is a 503. */
export const privateHealthRoutes = (readiness: Readiness): HealthServerOptions['routes'] => ({
  '/livez': () => json(200, { status: 'alive' }),
  '/readyz': async () => {
    const report = await readiness.check();
    if (report.status === 'ready') return json(200, report);
    const members = problemMembers(GATEWAY_PROBLEMS[reasonOf(report)]);
    return { ...json(members.status, { ...members, parts: report.parts }), type: 'application/problem+json' };
  },
});

const json = (status: number, content: unknown): PrivateResponse => ({
  status,
  type: 'application/json',
  body: JSON.stringify(content),
});

const reasonOf = ({ parts }: ReadinessReport): 'stopping' | 'redis_unavailable' =>
  parts.process.state === 'stopping' ? 'stopping' : 'redis_unavailable';
