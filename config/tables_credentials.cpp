// Who we are to a cloud, and what its region says of it.
#include "config/fields.h"
#include "config/tables.h"

namespace steelyard {
namespace {

void bind_optional_secret(BindContext& context, const YamlNode& node, CredentialSpec& out) {
  const bool literal = node.text.find("${") == std::string::npos;
  const std::optional<std::string> text = context.text(node, "a secret, or nothing");
  if (literal) context.redact(node.at);
  if (text && !text->empty()) out.session_token = Secret(*text);
}

}  // namespace

const Table<CredentialSpec>& credential_table() {
  using C = CredentialSpec;
  static const Table<C> table{
      "credentials",
      "`credentials`",
      "Who we are to a cloud: tokens are fetched before they are needed and renewed before they "
      "end.",
      {required(choice<C, CredentialType>(
           "type", &C::type,
           {{"google-service-account", CredentialType::google_service_account},
            {"google-metadata", CredentialType::google_metadata},
            {"entra-client", CredentialType::entra_client},
            {"entra-managed-identity", CredentialType::entra_managed_identity},
            {"aws", CredentialType::aws},
            {"aws-file", CredentialType::aws_file},
            {"aws-instance", CredentialType::aws_instance},
            {"aws-container", CredentialType::aws_container}},
           "`google-service-account`: `secret` is the account's JSON file; `google-metadata`: the "
           "machine's; `entra-client`: `tenant`, `id` and `secret` of an application; "
           "`entra-managed-identity`: the machine's; `aws`: `id` and `secret` of an access key; "
           "`aws-file`: a profile of a shared credentials file; `aws-instance`: the role of an EC2 "
           "machine; `aws-container`: the role of an ECS task or an EKS pod, `token_url` is "
           "`AWS_CONTAINER_CREDENTIALS_FULL_URI` (ECS: its usual address with the relative one), "
           "`file` is `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`")),
       text<C>("id", &C::id, "access key, or client id"),
       custom<C>("secret", text_shape("a secret: `${env:NAME}` or `${file:path}`"),
                 "what proves it",
                 [](BindContext& context, const YamlNode& node, C& out) {
                   if (auto secret = context.secret(node, "a secret")) out.secret = *secret;
                 }),
       custom<C>("session_token", text_shape("a secret, or nothing"),
                 "of temporary AWS keys; may be empty", bind_optional_secret),
       text<C>("tenant", &C::tenant, "of Entra"),
       text<C>("token_url", &C::token_url, "where tokens are asked for, if not at the usual place"),
       text<C>("scope", &C::scope, "what the token is for, if not the usual"),
       path<C>("file", &C::file, "AWS shared credentials file, or that of the agent's token"),
       text<C>("profile", &C::profile, "profile in that file")},
      {}};
  return table;
}

namespace {

// What a region (and a project) say of it; "" if they do not.
std::string cloud_base_url(const ProviderSpec& provider) {
  if (provider.region.empty()) return {};
  if (provider.platform == Platform::bedrock)
    return "https://bedrock-runtime." + provider.region + ".amazonaws.com";
  if (provider.platform != Platform::vertex || provider.project.empty()) return {};
  const bool everywhere = provider.region == "global";
  return "https://" + (everywhere ? std::string() : provider.region + "-") +
         "aiplatform.googleapis.com/v1/projects/" + provider.project + "/locations/" +
         provider.region;
}

bool is_aws(CredentialType type) {
  switch (type) {
    case CredentialType::aws:
    case CredentialType::aws_file:
    case CredentialType::aws_instance:
    case CredentialType::aws_container: return true;
    case CredentialType::none:
    case CredentialType::google_service_account:
    case CredentialType::google_metadata:
    case CredentialType::entra_client:
    case CredentialType::entra_managed_identity: break;
  }
  return false;
}

std::vector<std::string> missing_of(const CredentialSpec& c) {
  std::vector<std::string> missing;
  const auto need = [&](bool there, const char* key) {
    if (!there) missing.emplace_back(key);
  };
  switch (c.type) {
    case CredentialType::google_service_account: need(!c.secret.empty(), "secret"); break;
    case CredentialType::entra_client: need(!c.tenant.empty(), "tenant"); [[fallthrough]];
    case CredentialType::aws:
      need(!c.id.empty(), "id");
      need(!c.secret.empty(), "secret");
      break;
    case CredentialType::aws_file: need(!c.file.empty(), "file"); break;
    case CredentialType::aws_container: need(!c.token_url.empty(), "token_url"); break;
    case CredentialType::aws_instance:
    case CredentialType::none:
    case CredentialType::google_metadata:
    case CredentialType::entra_managed_identity: break;
  }
  return missing;
}

}  // namespace

// What must fit together in one provider.
void finish_provider(BindContext& context, ProviderSpec& provider) {
  if (provider.dialect == "converse") provider.platform = Platform::bedrock;
  if (provider.base_url.value.empty()) provider.base_url = {cloud_base_url(provider), provider.at};
  std::vector<std::string> missing;
  if (provider.base_url.value.empty()) missing.emplace_back("base_url");
  const CredentialSpec& credentials = provider.credentials;
  const bool aws = is_aws(credentials.type);
  if (aws && provider.region.empty()) missing.emplace_back("region");
  if (!missing.empty()) context.missing_keys(provider.at, "a provider", missing);
  if (const auto fields = missing_of(credentials); !fields.empty())
    context.missing_keys(provider.at, "`credentials`", fields);
  const bool signs = provider.platform == Platform::bedrock;
  if (credentials.type != CredentialType::none && (aws != signs || !provider.keys.empty()))
    context.sink.error("C0430", provider.at,
                       "the credentials of `" + provider.name + "` do not fit",
                       !provider.keys.empty() ? "it has `keys` too"
                       : aws                  ? "only `platform: bedrock` takes AWS keys"
                             : "Bedrock takes AWS keys, or a Bedrock API key in `keys`",
                       "keep the one it shall use");
}

}  // namespace steelyard
