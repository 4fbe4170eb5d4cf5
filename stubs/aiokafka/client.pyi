from aiokafka.protocol.metadata import MetadataRequest as _MetadataRequest

MetadataRequest: type[_MetadataRequest]
