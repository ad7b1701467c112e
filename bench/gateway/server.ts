import { gatewaySettings } from '../../src/config/load.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { createLog } from '../../src/log.ts';
import { announce } from '../processes/announce.ts';
import { listenForProbes } from './probe-server.ts';

/** The gateway as `portcullis gateway` runs it, without the API document and the web app, which are not measured. */
const settings = gatewaySettings(process.env);
const gateway = await startGateway({ settings, log: createLog('gateway', settings.logLevel) });
listenForProbes();
announce(gateway.url);
