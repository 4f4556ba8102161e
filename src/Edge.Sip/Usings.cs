// Inside Edge.Sip the name Delivery is a namespace; the link's message of that name goes by this one.
global using LinkDelivery = Edge.Link.V1.Delivery;
