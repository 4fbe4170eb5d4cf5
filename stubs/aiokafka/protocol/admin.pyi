class CreateAclsRequest:
    def __init__(
        self,
        resource_type: int,
        resource_name: str,
        pattern: int,
        principal: str,
        host: str,
        operation: int,
        permission: int,
    ) -> None: ...
