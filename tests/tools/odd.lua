-- SPDX-License-Identifier: Apache-2.0
-- Not run: text that could break the embedding. "double" 'single' \ \n \" ]] ]=] */ /* // ??/ ??= %s %% $ENV{PATH} ${X} @PROJECT_NAME@
local list = {1; 2; 3, "a;b", [[long
string]]}
local café = "€" -- 	tab	here, and no line break at the end
return #list == 5 and "[;]"