/** The shop behind the generated corpus: which calls a page makes, and how often each page is asked for. */

import type { SpanKind } from "../src/model/span-kind.ts";

/** One span of a route and the calls below it. */
export interface RouteCall {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly style: "proxy" | "http" | "grpc" | "internal" | "cache" | "messaging";
  readonly calls?: readonly RouteCall[];
}

const proxied = (upstream: string, call: RouteCall): RouteCall => ({
  service: "frontend-proxy",
  name: "ingress",
  kind: "SERVER",
  style: "proxy",
  calls: [
    {
      service: "frontend-proxy",
      name: `router ${upstream} egress`,
      kind: "CLIENT",
      style: "proxy",
      calls: [call],
    },
  ],
});

const rpc = (service: string, method: string, calls: readonly RouteCall[] = []): RouteCall => ({
  service: "frontend",
  name: `grpc.shop.${method}`,
  kind: "CLIENT",
  style: "grpc",
  calls: [{ service, name: `shop.${method}`, kind: "SERVER", style: "grpc", calls }],
});

const cache = (name: string): RouteCall => ({ service: "cart", name, kind: "CLIENT", style: "cache" });

const page = (path: string, calls: readonly RouteCall[]): RouteCall =>
  proxied("frontend", {
    service: "frontend",
    name: `GET ${path}`,
    kind: "SERVER",
    style: "http",
    calls: [
      {
        service: "frontend",
        name: `executing api route (pages) ${path}`,
        kind: "INTERNAL",
        style: "internal",
        calls,
      },
    ],
  });

const getProduct = rpc("product-catalog", "ProductCatalogService/GetProduct");
const cartOf = rpc("cart", "CartService/GetCart", [cache("HGET")]);
const convert = rpc("currency", "CurrencyService/Convert");

const asset: RouteCall = proxied("image-provider", {
  service: "image-provider",
  name: "image-provider",
  kind: "SERVER",
  style: "http",
});

const plainPage: RouteCall = proxied("frontend", {
  service: "frontend",
  name: "GET",
  kind: "SERVER",
  style: "http",
});

const flags: RouteCall = {
  service: "flagd",
  name: "flagd.evaluation.v1.Service/ResolveAll",
  kind: "SERVER",
  style: "grpc",
  calls: [{ service: "flagd", name: "resolveAll", kind: "INTERNAL", style: "internal" }],
};

const checkout = page("/api/checkout", [
  rpc("checkout", "CheckoutService/PlaceOrder", [
    cartOf,
    getProduct,
    convert,
    rpc("shipping", "ShippingService/GetQuote", [
      { service: "quote", name: "POST /getquote", kind: "SERVER", style: "http" },
    ]),
    rpc("payment", "PaymentService/Charge"),
    rpc("email", "EmailService/SendOrderConfirmation"),
    {
      service: "checkout",
      name: "orders publish",
      kind: "PRODUCER",
      style: "messaging",
      calls: [{ service: "accounting", name: "orders receive", kind: "CONSUMER", style: "messaging" }],
    },
  ]),
]);

/** Routes with their weights; together they have the span counts, services and trace sizes of a recorded demo shop. */
export const SHOP_ROUTES: readonly (readonly [weight: number, route: RouteCall])[] = [
  [310, asset],
  [300, plainPage],
  [90, flags],
  [90, page("/api/products/{id}", [getProduct])],
  [75, page("/api/cart", [cartOf])],
  [
    44,
    page("/api/recommendations", [
      rpc("recommendation", "RecommendationService/ListRecommendations", [
        getProduct,
        getProduct,
        getProduct,
        getProduct,
      ]),
      getProduct,
      getProduct,
    ]),
  ],
  [
    34,
    page("/api/products", [rpc("product-catalog", "ProductCatalogService/ListProducts"), convert, convert]),
  ],
  [29, page("/api/currency", [rpc("currency", "CurrencyService/GetSupportedCurrencies")])],
  [15, page("/api/data", [rpc("ad", "AdService/GetAds")])],
  [10, checkout],
];
