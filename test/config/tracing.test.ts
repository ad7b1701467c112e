import { describe, expect, test } from 'vitest';
import { gatewaySettings } from '../../src/config/load.ts';

const read = (env: Record<string, string>) => gatewaySettings(env);

describe('settings of traces', () => {
  test('export nothing and keep the trace id of clients by default', () => {
    expect(read({})).toMatchObject({
      otelExporterOtlpEndpoint: undefined,
      traceContextTrust: 'id',
      traceSampleRatio: 1,
    });
  });

  test.for([
    ['0', 0],
    ['1', 1],
    ['1.0', 1],
    ['0.05', 0.05],
    ['.5', 0.5],
  ] as const)('accept the ratio %s', ([given, ratio]) => {
    expect(read({ TRACE_SAMPLE_RATIO: given }).traceSampleRatio).toBe(ratio);
  });

  test.for(['-0', '1.1', '2', '1e-3', 'NaN', '0x1', '50%'])('refuse the ratio %s', (given) => {
    expect(() => read({ TRACE_SAMPLE_RATIO: given })).toThrow(
      'TRACE_SAMPLE_RATIO: must be a number from 0 to 1',
    );
  });

  test('decode the values of headers', () => {
    const given = 'authorization=Bearer%20a=b, x-tenant=bank';
    expect(read({ OTEL_EXPORTER_OTLP_HEADERS: given }).otelExporterOtlpHeaders).toEqual({
      authorization: 'Bearer a=b',
      'x-tenant': 'bank',
    });
  });

  test.for([
    'hunter2',
    '=hunter2',
    'a b=hunter2',
    'a=hunter2%0d%0ax',
    'a=hunter2%',
    'a=hunter2,,b=1',
    'a=hunter2\n,b',
  ])('refuse the headers %j without repeating them', (given) => {
    const refused = () => read({ OTEL_EXPORTER_OTLP_HEADERS: given });
    expect(refused).toThrow('OTEL_EXPORTER_OTLP_HEADERS: must be `name=value` pairs separated by commas');
    expect(refused).not.toThrow('hunter2');
  });

  test('refuse a collector that is reached by http in production', () => {
    const given = { NODE_ENV: 'production', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318' };
    expect(() => read(given)).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT: must be an https:// URL in production');
  });
});
