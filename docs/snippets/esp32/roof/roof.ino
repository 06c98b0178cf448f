// An ESP32 that says every minute what it measures.
// Library: "MQTT" (256dpi), from the library manager; it publishes at QoS 1, so that a message is not lost on the way.

#include <MQTT.h>
#include <WiFi.h>

const char WIFI_NAME[] = "...";
const char WIFI_PASSWORD[] = "...";
const char HOST[] = "192.168.1.10";  // where the sandbox runs, with `make up ARGS="--host 0.0.0.0"`
const int PORT = 1883;
const char USER[] = "demo";  // of the pilot's first key; that of another is demo_{key}
const char KEY[] = "zk_...";
const char DEVICE[] = "roof";  // as it was made by POST /v1/devices
const char TOPIC[] = "pilots/demo/telemetry/roof";  // pilots/{pilot}/telemetry/{device}
const char MESSAGE[] = "{\"temperature\": %.1f, \"battery\": %.0f}";
const unsigned long EVERY = 60000;  // [ms]

WiFiClient net;
MQTTClient client(512);  // room for a message with its topic [bytes]
unsigned long said = 0;

float temperature() { return temperatureRead(); }  // the chip's own [Cel]; put your sensor here
float battery() { return 100; }                    // [%]

void connect() {
  while (WiFi.status() != WL_CONNECTED) delay(500);
  char name[40];  // a broker cuts off whoever has the same name, of whatever pilot: so it is the chip's own
  snprintf(name, sizeof name, "%s-%012llx", DEVICE, ESP.getEfuseMac());
  while (!client.connect(name, USER, KEY)) {
    Serial.printf("no broker: error %d, return code %d\n", client.lastError(), client.returnCode());
    delay(5000);
  }
}

void setup() {
  Serial.begin(115200);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  client.begin(HOST, PORT, net);
  said = millis() - EVERY;
}

void loop() {
  if (!client.connected()) connect();
  client.loop();
  if (millis() - said < EVERY) return;
  char message[128];
  snprintf(message, sizeof message, MESSAGE, temperature(), battery());
  if (client.publish(TOPIC, message, false, 1)) said = millis();  // false: not acknowledged, so it is said again
}
