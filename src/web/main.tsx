import './language.ts';
import { render } from 'preact';
import { App } from './app.tsx';
import { startSession } from './auth-session/session.ts';
import { onOtherUser } from './auth-session/session-state.ts';
import { followLocation, goToDashboard } from './route.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no element for the app');
followLocation();
// The next user does not continue on the page of the one before.
onOtherUser(goToDashboard);
void startSession();
render(<App />, root);
