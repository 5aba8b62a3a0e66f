# syntax=docker/dockerfile:1
# docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v0.1.0 -t rtcship .
# `make image` builds the same image without Docker.
FROM --platform=$BUILDPLATFORM golang:1.26-trixie AS build
ARG TARGETOS TARGETARCH VERSION=devel
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# Time zones go into the program: sora.timezone may be any of them.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -tags timetzdata -ldflags "-s -w -X main.version=$VERSION" -o /rtcship ./cmd/rtcship
RUN printf 'root:x:0:0:root:/:/sbin/nologin\nrtcship:x:65532:65532:rtcship:/:/sbin/nologin\n' >/passwd && \
    printf 'root:x:0:\nrtcship:x:65532:\n' >/group

# Nothing to run but rtcship.
FROM scratch
ARG VERSION=devel REVISION
LABEL org.opencontainers.image.title="rtcship" \
      org.opencontainers.image.description="Ships the logs of WebRTC SFU Sora and Pexip Infinity to OpenTelemetry" \
      org.opencontainers.image.source="https://github.com/rtcship/rtcship" \
      org.opencontainers.image.url="https://github.com/rtcship/rtcship" \
      org.opencontainers.image.documentation="https://github.com/rtcship/rtcship/blob/main/docs/kubernetes.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /passwd /group /etc/
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/LICENSE /licenses/
COPY --from=build /rtcship /rtcship
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# A number: a kubelet cannot tell of a name whether it is root.
USER 65532:65532
ENTRYPOINT ["/rtcship"]
CMD ["run"]
