import test from 'ava';
import { Following, inconclusiveReason, LEAST_FIDELITY } from '../../src/sync/index.js';

const following = new Following([], () => 0);

test('the score is the product of its parts; what was not measured counts as 1 and is named', (t) => {
  t.like(following.fidelity(), { mirror: 1, baseline: 1, score: 1 });
  t.deepEqual(following.fidelity().unmeasured, ['mirror', 'baseline']);
  t.like(following.fidelity(0.5), { mirror: 0.5, score: 0.5, unmeasured: ['baseline'] });
  t.like(following.fidelity(0.5, 0.5), { score: 0.25, unmeasured: [] });
});

test('below the minimum, what campaigns show is inconclusive, and the parts say why', (t) => {
  t.is(inconclusiveReason(following.fidelity(LEAST_FIDELITY)), undefined);
  const reason = inconclusiveReason(following.fidelity(0.95, 0.9));
  t.is(reason, 'fidelity 0.855 is below 0.9: mirror 0.950, baseline 0.900');
  t.is(inconclusiveReason(following.fidelity(0.95, 0.9), 0.8), undefined);
});
