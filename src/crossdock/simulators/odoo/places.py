"""Countries and the states of the USA with the database ids a fresh Odoo 19 gives them."""

COUNTRIES = """
1 AD Andorra; 2 AE United Arab Emirates; 3 AF Afghanistan; 4 AG Antigua and Barbuda
5 AI Anguilla; 6 AL Albania; 7 AM Armenia; 8 AO Angola
9 AQ Antarctica; 10 AR Argentina; 11 AS American Samoa; 12 AT Austria
13 AU Australia; 14 AW Aruba; 15 AX Åland Islands; 16 AZ Azerbaijan
17 BA Bosnia and Herzegovina; 18 BB Barbados; 19 BD Bangladesh; 20 BE Belgium
21 BF Burkina Faso; 22 BG Bulgaria; 23 BH Bahrain; 24 BI Burundi
25 BJ Benin; 26 BL Saint Barthélémy; 27 BM Bermuda; 28 BN Brunei Darussalam
29 BO Bolivia; 30 BQ Bonaire, Sint Eustatius and Saba; 31 BR Brazil; 32 BS Bahamas
33 BT Bhutan; 34 BV Bouvet Island; 35 BW Botswana; 36 BY Belarus
37 BZ Belize; 38 CA Canada; 39 CC Cocos (Keeling) Islands; 40 CF Central African Republic
41 CD Congo (DRC); 42 CG Congo (Republic); 43 CH Switzerland; 44 CI Côte d'Ivoire
45 CK Cook Islands; 46 CL Chile; 47 CM Cameroon; 48 CN China
49 CO Colombia; 50 CR Costa Rica; 51 CU Cuba; 52 CV Cape Verde
53 CW Curaçao; 54 CX Christmas Island; 55 CY Cyprus; 56 CZ Czech Republic
57 DE Germany; 58 DJ Djibouti; 59 DK Denmark; 60 DM Dominica
61 DO Dominican Republic; 62 DZ Algeria; 63 EC Ecuador; 64 EE Estonia
65 EG Egypt; 66 EH Western Sahara; 67 ER Eritrea; 68 ES Spain
69 ET Ethiopia; 70 FI Finland; 71 FJ Fiji; 72 FK Falkland Islands
73 FM Micronesia; 74 FO Faroe Islands; 75 FR France; 76 GA Gabon
77 GD Grenada; 78 GE Georgia; 79 GF French Guiana; 80 GH Ghana
81 GI Gibraltar; 82 GG Guernsey; 83 GL Greenland; 84 GM Gambia
85 GN Guinea; 86 GP Guadeloupe; 87 GQ Equatorial Guinea; 88 GR Greece
89 GS South Georgia and the South Sandwich Islands; 90 GT Guatemala; 91 GU Guam; 92 GW Guinea-Bissau
93 GY Guyana; 94 HK Hong Kong; 95 HM Heard Island and McDonald Islands; 96 HN Honduras
97 HR Croatia; 98 HT Haiti; 99 HU Hungary; 100 ID Indonesia
101 IE Ireland; 102 IL Israel; 103 IM Isle of Man; 104 IN India
105 IO British Indian Ocean Territory; 106 IQ Iraq; 107 IR Iran; 108 IS Iceland
109 IT Italy; 110 JE Jersey; 111 JM Jamaica; 112 JO Jordan
113 JP Japan; 114 KE Kenya; 115 KG Kyrgyzstan; 116 KH Cambodia
117 KI Kiribati; 118 KM Comoros; 119 KN Saint Kitts and Nevis; 120 KP North Korea
121 KR South Korea; 122 KW Kuwait; 123 KY Cayman Islands; 124 KZ Kazakhstan
125 LA Laos; 126 LB Lebanon; 127 LC Saint Lucia; 128 LI Liechtenstein
129 LK Sri Lanka; 130 LR Liberia; 131 LS Lesotho; 132 LT Lithuania
133 LU Luxembourg; 134 LV Latvia; 135 LY Libya; 136 MA Morocco
137 MC Monaco; 138 MD Moldova; 139 ME Montenegro; 140 MF Saint Martin (French part)
141 MG Madagascar; 142 MH Marshall Islands; 143 MK North Macedonia; 144 ML Mali
145 MM Myanmar; 146 MN Mongolia; 147 MO Macau; 148 MP Northern Mariana Islands
149 MQ Martinique; 150 MR Mauritania; 151 MS Montserrat; 152 MT Malta
153 MU Mauritius; 154 MV Maldives; 155 MW Malawi; 156 MX Mexico
157 MY Malaysia; 158 MZ Mozambique; 159 NA Namibia; 160 NC New Caledonia
161 NE Niger; 162 NF Norfolk Island; 163 NG Nigeria; 164 NI Nicaragua
165 NL Netherlands; 166 NO Norway; 167 NP Nepal; 168 NR Nauru
169 NU Niue; 170 NZ New Zealand; 171 OM Oman; 172 PA Panama
173 PE Peru; 174 PF French Polynesia; 175 PG Papua New Guinea; 176 PH Philippines
177 PK Pakistan; 178 PL Poland; 179 PM Saint Pierre and Miquelon; 180 PN Pitcairn Islands
181 PR Puerto Rico; 182 PS State of Palestine; 183 PT Portugal; 184 PW Palau
185 PY Paraguay; 186 QA Qatar; 187 RE Réunion; 188 RO Romania
189 RS Serbia; 190 RU Russian Federation; 191 RW Rwanda; 192 SA Saudi Arabia
193 SB Solomon Islands; 194 SC Seychelles; 195 SD Sudan; 196 SE Sweden
197 SG Singapore; 198 SH Saint Helena, Ascension and Tristan da Cunha; 199 SI Slovenia; 200 SJ Svalbard and Jan Mayen
201 SK Slovakia; 202 SL Sierra Leone; 203 SM San Marino; 204 SN Senegal
205 SO Somalia; 206 SR Suriname; 207 SS South Sudan; 208 ST São Tomé and Príncipe
209 SV El Salvador; 210 SX Sint Maarten (Dutch part); 211 SY Syria; 212 SZ Eswatini
213 TC Turks and Caicos Islands; 214 TD Chad; 215 TF French Southern Territories; 216 TG Togo
217 TH Thailand; 218 TJ Tajikistan; 219 TK Tokelau; 220 TM Turkmenistan
221 TN Tunisia; 222 TO Tonga; 223 TL Timor-Leste; 224 TR Türkiye
225 TT Trinidad and Tobago; 226 TV Tuvalu; 227 TW Taiwan; 228 TZ Tanzania
229 UA Ukraine; 230 UG Uganda; 231 GB United Kingdom; 232 UM USA Minor Outlying Islands
233 US United States; 234 UY Uruguay; 235 UZ Uzbekistan; 236 VA Holy See (Vatican City State)
237 VC Saint Vincent and the Grenadines; 238 VE Venezuela; 239 VG Virgin Islands (British); 240 VI Virgin Islands (USA)
241 VN Vietnam; 242 VU Vanuatu; 243 WF Wallis and Futuna; 244 WS Samoa
245 YE Yemen; 246 YT Mayotte; 247 ZA South Africa; 248 ZM Zambia
249 ZW Zimbabwe; 250 XI Northern Ireland; 251 XK Kosovo
"""
US_STATES = """
9 AL Alabama; 10 AK Alaska; 11 AZ Arizona; 12 AR Arkansas; 13 CA California; 14 CO Colorado; 15 CT
Connecticut; 16 DE Delaware; 17 DC District of Columbia; 18 FL Florida; 19 GA Georgia; 20 HI Hawaii; 21
ID Idaho; 22 IL Illinois; 23 IN Indiana; 24 IA Iowa; 25 KS Kansas; 26 KY Kentucky; 27 LA Louisiana; 28
ME Maine; 29 MT Montana; 30 NE Nebraska; 31 NV Nevada; 32 NH New Hampshire; 33 NJ New Jersey; 34 NM New
Mexico; 35 NY New York; 36 NC North Carolina; 37 ND North Dakota; 38 OH Ohio; 39 OK Oklahoma; 40 OR
Oregon; 41 MD Maryland; 42 MA Massachusetts; 43 MI Michigan; 44 MN Minnesota; 45 MS Mississippi; 46 MO
Missouri; 47 PA Pennsylvania; 48 RI Rhode Island; 49 SC South Carolina; 50 SD South Dakota; 51 TN
Tennessee; 52 TX Texas; 53 UT Utah; 54 VT Vermont; 55 VA Virginia; 56 WA Washington; 57 WV West
Virginia; 58 WI Wisconsin; 59 WY Wyoming; 60 AS American Samoa; 61 FM Federated States of Micronesia; 62
GU Guam; 63 MH Marshall Islands; 64 MP Northern Mariana Islands; 65 PW Palau; 66 PR Puerto Rico; 67 VI
Virgin Islands; 68 AA Armed Forces Americas; 69 AE Armed Forces Europe; 70 AP Armed Forces Pacific
"""
