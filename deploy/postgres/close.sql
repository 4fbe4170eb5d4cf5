-- Everybody may connect to these in a new cluster; the roles of services shall not.
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
