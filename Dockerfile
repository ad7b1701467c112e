# One image for the gateway, the bank and the command line: `docker run … gateway`, `… bank`, `… user add NAME`.
# Install scripts of dependencies do not run in either stage; none is needed.
FROM node:26-slim AS build

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY vite.config.ts tsconfig.json ./
COPY src ./src
RUN npm run build

FROM node:26-slim

WORKDIR /app

COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

# Node runs the TypeScript directly. The files belong to root, so that the program cannot modify itself.
COPY src ./src
COPY --from=build /app/dist ./dist

# The container's network is the boundary, so both servers listen on all of its addresses.
ENV NODE_ENV=production \
    GATEWAY_HOST=0.0.0.0 \
    BANK_HOST=0.0.0.0

USER node
EXPOSE 8080
ENTRYPOINT ["node", "--expose-gc", "src/main.ts"]
CMD ["gateway"]
