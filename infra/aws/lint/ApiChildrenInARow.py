"""A rule for cfn-lint: what belongs to an HTTP API is made one after another, the stages last."""

from cfnlint.rules import CloudFormationLintRule, RuleMatch

CHILDREN = ("AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage")


class ApiChildrenInARow(CloudFormationLintRule):
    """API Gateway refuses a change of an API while another one is under way (409)."""

    id = "E9001"
    shortdesc = "What belongs to an HTTP API is made in a row"
    description = "Each integration, route and stage of an API but the first names the one before it in DependsOn; stages are last"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    tags = ["apigatewayv2"]

    def match(self, cfn):
        children = {name: found for name, found in cfn.get_resources().items() if found["Type"] in CHILDREN}
        before = {name: [one for one in many(found.get("DependsOn")) if one in children] for name, found in children.items()}
        said = []
        for name, found in children.items():
            followers = [one for one in children if name in before[one]]
            if len(followers) > 1 or len(before[name]) > 1:
                said.append((name, "more than one is made beside it"))
            if followers and found["Type"] == CHILDREN[-1]:
                said.append((name, "a stage is made last"))
        firsts = [name for name in children if not before[name]]
        said += [(name, "nothing is made before it, as before " + firsts[0]) for name in firsts[1:]]
        return [RuleMatch(["Resources", name], name + ": " + why) for name, why in said]


def many(value):
    return value if isinstance(value, list) else [value] if value else []
