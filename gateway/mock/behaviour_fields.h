#pragma once
// The one table that binds the names of behaviour.h to members. Internal to gateway/mock.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/mock/behaviour.h"

namespace steelyard::mock {

struct IntegerField {
  std::int64_t Behaviour::*member;
  std::int64_t least;
  std::int64_t most;
};
struct MillisecondsField {  // decimal milliseconds in JSON, microseconds in the member
  std::int64_t Behaviour::*member;
};
struct RateField {  // 0..1, or -1: not set
  double Behaviour::*member;
};
struct FlagField {
  bool Behaviour::*member;
};
struct TextField {
  std::string Behaviour::*member;
};
struct HeadersField {
  std::string Behaviour::*member;
};
struct ChoiceField {
  std::span<const char* const> names;  // index = value of the enum
  void (*set)(Behaviour&, std::uint8_t);
  std::uint8_t (*get)(const Behaviour&);
};

struct Field {
  const char* name;
  std::variant<IntegerField, MillisecondsField, RateField, FlagField, TextField, HeadersField,
               ChoiceField>
      kind;
  const char* text;  // for --help
};

std::span<const Field> behaviour_fields();
const Field* find_behaviour_field(std::string_view name);

}  // namespace steelyard::mock
