#!/bin/sh
# Guess: an amount in the smallest unit of its currency is written in that currency: 500 yen as 500, 1234 millimes of Tunisia as
#        1.234 dinars, by the number of decimals that ISO 4217 gives each.
# Seen: each currency has two decimals: 500 yen are paid as 5, and 1234 millimes as 12.34 dinars, ten times as much. Dirhams and
#       euros are right.
# Why here: payments of a city go to suppliers abroad too; the file is valid, so the bank pays what stands in it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . iso20022.js@0.0.15 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { ISO20022 } from "iso20022.js";

const agent = { bic: "BANKMAMC", bankAddress: { country: "MA" } };
const account = { iban: "MA64011519000001205000534921" };
const payer = new ISO20022({ initiatingParty: { name: "City", id: "CITY", account, agent } });
const address = { streetName: "1 Main Street", townName: "Town", country: "FR" };
const creditor = { name: "Supplier", account: { iban: "FR7630006000011234567890189" }, agent, address };

function paid(currency, amount) {
  const payment = payer.createSWIFTCreditPaymentInitiation([{ type: "swift", direction: "credit", amount, currency, creditor }]);
  return payment.serialize().match(/<InstdAmt Ccy="\w+">([^<]+)</)[1];
}

const seen = { MAD: paid("MAD", 123456), JPY: paid("JPY", 500), TND: paid("TND", 1234) };
console.log("iso20022.js 0.0.15 writes 123456, 500 and 1234 as", seen);
assert.deepStrictEqual(seen, { MAD: "1234.56", JPY: "5", TND: "12.34" });
END
node run.mjs
