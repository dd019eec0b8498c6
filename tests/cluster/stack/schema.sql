CREATE ROLE dotmac LOGIN PASSWORD :'password';
CREATE DATABASE dotmac OWNER dotmac;
\connect dotmac
SET ROLE dotmac;
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, balance integer NOT NULL DEFAULT 0);
INSERT INTO customers (name) SELECT 'customer ' || g FROM generate_series(1, 200) g;
CREATE TABLE invoices (id serial PRIMARY KEY, customer integer NOT NULL REFERENCES customers, status text NOT NULL, amount integer NOT NULL);
INSERT INTO invoices (customer, status, amount) SELECT 1 + g % 200, (ARRAY['open', 'paid', 'void'])[1 + g % 3], g FROM generate_series(1, 5000) g;
CREATE INDEX ON invoices (customer);
CREATE TABLE usage_events (id bigserial PRIMARY KEY, kind text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE usage_rollup (at timestamptz NOT NULL, events bigint NOT NULL);
CREATE TABLE audit_log (id bigint, entry text);
