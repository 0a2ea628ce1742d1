#include "model.hpp"

int main() {
  for (auto& value : firmware::input()) {
    value = 100;
  }
  const auto outputs = firmware::infer();
  return outputs[0] > outputs[1] ? 1 : 0;
}
