import { describe } from 'vitest';
import { proxyTest, testProxy } from './proxy-cases.ts';

const test = proxyTest('nginx', 'pem-escaped');

describe('behind nginx, a token that is bound to a certificate', () =>
  testProxy(test, 'nginx', 'pem-escaped'));
