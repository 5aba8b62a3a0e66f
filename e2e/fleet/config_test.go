package fleet

import "testing"

func tierConfig(testing.TB) string {
	return `
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: ${env:OTLP_GRPC}
        max_recv_msg_size_mib: 8
processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: ${env:MEMORY_LIMIT_MIB}
    spike_limit_mib: ${env:MEMORY_SPIKE_MIB}
exporters:
  otlp_grpc:
    endpoint: ${env:BACKEND}
    compression: none
    tls: {insecure: true}
    timeout: 30s
    retry_on_failure: {max_elapsed_time: 0s}
    sending_queue: {enabled: true, wait_for_result: true, sizer: bytes, queue_size: 8388608, num_consumers: 4}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], processors: [memory_limiter], exporters: [otlp_grpc]}
`
}
