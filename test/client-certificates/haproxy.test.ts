import { describe } from 'vitest';
import { proxyTest, testProxy } from './proxy-cases.ts';

const test = proxyTest('haproxy', 'rfc9440');

describe('behind HAProxy, a token that is bound to a certificate', () =>
  testProxy(test, 'haproxy', 'rfc9440'));
