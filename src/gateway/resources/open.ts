import { logAnnouncedRecords } from '../../audit/announcements.ts';
import { RedisAuditLog } from '../../audit/audit-log.ts';
import type { GatewaySettings } from '../../config/load.ts';
import { Stopping } from '../../http/stopping.ts';
import { openKeyRing } from '../../keys/open.ts';
import type { Logger } from '../../log.ts';
import { Outbox } from '../../mail/outbox.ts';
import { createMonitor, openStore, openSubscriber } from '../../redis/open.ts';
import { Revocations } from '../../users/revocations/revocations.ts';
import type { Resources } from '../deps.ts';
import { Readiness } from '../edge/readiness.ts';
import { LiveResponses } from '../proxy/live-responses.ts';
import { UpstreamProxy } from '../proxy/proxy.ts';
import { RequestRates } from '../rates/request-rates.ts';
import type { SharedLimits } from '../shares/exchange.ts';
import { loadRefreshKey, openHasher, openMailer, openPasswordRules } from './accounts.ts';
import { GATEWAY_RIGHTS } from './redis-rights.ts';

/** Opens what has to be closed again, and puts it on the stack. */
export async function openResources(
  settings: GatewaySettings,
  log: Logger,
  now: () => number,
  started: AsyncDisposableStack,
  sharedLimits?: SharedLimits,
): Promise<Resources> {
  const opened = <Resource extends { close(): unknown }>(resource: Resource): Resource =>
    started.adopt(resource, async (open) => void (await open.close()));
  const refreshKey = await loadRefreshKey(settings);
  const ring = opened(await openKeyRing(settings, log, now()));
  const hasher = opened(await openHasher(settings, log));
  await hasher.decoy();
  const passwordRules = opened(openPasswordRules(settings));
  const proxy = opened(new UpstreamProxy(settings));
  const revocations = opened(new Revocations({ settings, log }));
  const monitor = createMonitor(settings, { log, rights: GATEWAY_RIGHTS, now });
  const redis = opened(openStore(settings, { log, monitor, admit: revocations.admit }));
  redis.revocations = revocations;
  const audit = opened(new RedisAuditLog({ redis, log, settings, now }));
  const subscriber = opened(openSubscriber(settings, log));
  revocations.listen(subscriber);
  const liveResponses = opened(new LiveResponses({ redis, subscriber, ring, log, now }));
  ring.listen(subscriber, redis);
  logAnnouncedRecords(subscriber, log);
  const mailer = started.adopt(openMailer(settings, log), (open) => open?.close());
  const queueMax = settings.mailQueueMax;
  const outbox = mailer === undefined ? undefined : opened(new Outbox({ mailer, log, queueMax }));
  const rates = new RequestRates(settings, { limits: sharedLimits, now });
  const passwords = { refreshKey, hasher, passwordRules };
  const stopping = new Stopping();
  const upstream = () => proxy.lastConnection;
  const readiness = new Readiness({ redis, monitor, ring, stopping, upstream, now });
  const core = { redis, monitor, revocations, readiness, stopping, audit, ring, ...passwords };
  return { ...core, proxy, liveResponses, mailer, outbox, rates, sharedLimits, now };
}
