import { gatewaySettings } from '../../src/config/load.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { createLog } from '../../src/log.ts';
import { announce } from '../processes/announce.ts';

const settings = gatewaySettings(process.env);
const gateway = await startGateway({ settings, log: createLog('gateway', settings.logLevel) });
announce(gateway.url);
