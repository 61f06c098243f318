#pragma once
// AWS keys from where AWS puts them: a shared credentials file, the metadata server of an EC2
// machine (IMDSv2), the agent of an ECS task or an EKS pod. Part of credentials.h.
#include <string>
#include <string_view>

#include "gateway/cloud/credentials.h"

namespace steelyard::cloud {

Result<Credentials> ask_for_aws_keys(const CredentialSpec& spec, Instant now);

// A profile of ~/.aws/credentials.
Result<Credentials> read_aws_profile(std::string_view text, const std::string& profile);
// {"AccessKeyId","SecretAccessKey","Token","Expiration"}, as both servers answer.
Result<Credentials> read_aws_document(std::string_view json, Instant now);
// "2026-11-30T04:00:00Z" in seconds since 1970; -1: it is no such time.
std::int64_t seconds_of(const std::string& text);

}  // namespace steelyard::cloud
