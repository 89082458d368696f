import Big from 'big.js';
import { escapeHtml, pageReply } from '../page.ts';
import type { AwsReply } from '../service.ts';
import { buyingPower } from './book.ts';
import type { AlpacaState } from './state.ts';

const cell = (text: string | null, numeric = false): string =>
  `<td${numeric ? ' class="n"' : ''}>${escapeHtml(text ?? '')}</td>`;

/** Account and orders, read only. */
export const standInPage = (state: AlpacaState): AwsReply => {
  const rows = state.orders
    .toReversed()
    .slice(0, 200)
    .map(
      ({ order }) =>
        `<tr>${cell(order.submitted_at.slice(0, 19).replace('T', ' '))}${cell(order.symbol)}${cell(order.side)}${cell(order.qty ?? (order.notional === null ? '' : `$${order.notional}`), true)}${cell(order.limit_price === null ? order.type : `${order.type} ${order.limit_price}`)}${cell(order.status)}${cell(order.filled_avg_price, true)}<td><code>${escapeHtml(order.client_order_id)}</code></td></tr>`,
    );
  const positions = Object.values(state.positions).map(
    (position) => `<tr>${cell(position.symbol)}${cell(position.qty, true)}${cell(position.cost, true)}</tr>`,
  );
  return pageReply({
    title: 'Alpaca stand-in',
    body: `<h1>Alpaca stand-in</h1><p class="note">Not Alpaca: a paper account on this machine. Prices are made up and the market is always open.</p>
<div class="card"><dl><dt>Cash</dt><dd>$${new Big(state.cash).toFixed(2)}</dd><dt>Buying power</dt><dd>$${buyingPower(state).toFixed(2)}</dd><dt>Orders</dt><dd>${state.orders.length}</dd></dl></div>
<h2>Orders</h2><div class="card">${
      rows.length === 0
        ? '<p class="soft">No order yet.</p>'
        : `<div class="scroll"><table><thead><tr><th>Submitted (UTC)</th><th>Symbol</th><th>Side</th><th class="n">Amount</th><th>Type</th><th>Status</th><th class="n">Price</th><th>Client order id</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
    }</div>${
      positions.length === 0
        ? ''
        : `<h2>Positions</h2><div class="card"><div class="scroll"><table><thead><tr><th>Symbol</th><th class="n">Shares</th><th class="n">Cost</th></tr></thead><tbody>${positions.join('')}</tbody></table></div></div>`
    }`,
  });
};
