# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH VERSION=devel
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /rtcship ./cmd/rtcship

# The static base holds CA certificates, time zones and a numeric user, and nothing to run.
FROM gcr.io/distroless/static-debian13:nonroot
ARG VERSION=devel
LABEL org.opencontainers.image.title="rtcship" \
      org.opencontainers.image.description="Ships the logs of conferencing servers to OpenTelemetry" \
      org.opencontainers.image.source="https://github.com/rtcship/rtcship" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /rtcship /rtcship
USER 65532:65532
ENTRYPOINT ["/rtcship"]
CMD ["run"]
