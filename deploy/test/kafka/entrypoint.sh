# As much of what the image does at a start as docker-compose.yml relies on.
set -eu
config=/mnt/shared/config/server.properties
node() {
  exec java -Xms64m -Xmx320m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Dlog4j2.configurationFile=/opt/kafka/log4j2.properties -cp "/opt/kafka/libs/*" "$@"
}
(node kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$config")
node kafka.Kafka "$config"
