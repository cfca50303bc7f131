# Build: everything, with development dependencies.
FROM node:20-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

# Run: the built program and its runtime dependencies, as a user without rights.
FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    TRACAGG_DATA=/data \
    TRACAGG_HOST=0.0.0.0 \
    TRACAGG_INSECURE=true
WORKDIR /app
COPY --from=build --chown=node:node /src/package.json /src/LICENSE ./
COPY --from=build --chown=node:node /src/node_modules ./node_modules
COPY --from=build --chown=node:node /src/proto ./proto
COPY --from=build --chown=node:node /src/dist ./dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4317 4318 9411 16685 16686
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:16686/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/src/cli/main.cjs"]
CMD ["start"]
