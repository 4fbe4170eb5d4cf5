-- What the role that runs may read of how its database came to be: the doctor says whether it is that of this release.

GRANT USAGE ON SCHEMA regesta TO {service};
GRANT SELECT ON regesta.migrations TO {service};
